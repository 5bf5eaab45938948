import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import '../../src/app.module.js';
import '../../src/app.setup.js';
import { registry } from '../../src/platform/metrics/registry.js';

const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');

/** The lines of the page's table: name, type, labels, and what it says. */
const documented = page.split('\n').flatMap((line) => {
  const [name = '', type, labels = '', says = ''] = line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
  return /^`gatehouse_\w+`$/.test(name) && says !== ''
    ? [
        {
          name: name.replaceAll('`', ''),
          type,
          labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label),
        },
      ]
    : [];
});

/** Those whose labels are known before they are counted. */
const labelsOf: Record<string, string[]> = {
  gatehouse_http_request_duration_seconds: ['method', 'route', 'status'],
};

describe('the metrics', () => {
  it('are documented, each with its type and labels, and nothing else is', async () => {
    const own = (await registry.getMetricsAsJSON()).filter(({ name }) => name.startsWith('gatehouse_'));
    const declared = own.map(({ name, type }) => {
      const { labelNames } = registry.getSingleMetric(name) as unknown as { labelNames?: string[] };
      return { name, type, labels: labelsOf[name] ?? labelNames ?? [] };
    });
    const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);
    expect(documented.length).toBeGreaterThan(5);
    expect(documented.sort(byName)).toEqual(declared.sort(byName));
  });
});
