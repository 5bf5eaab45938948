import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { explanationOf, reasons } from '../../src/audit/reasons.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(`${root}/docs/audit.md`, 'utf8');

/** The ways in which the source names a reason: as a property, and as an argument of what makes or counts refusals. */
const forms = [
  /\breason: (?:[\w.]+ (?:===?|<|>) [\w.]+ \? )?'([a-z_]+)'/g,
  /\breason: [^,;\n]*\? '([a-z_]+)' : '[a-z_]+'/g,
  /\breason: [^,;\n]*\? '[a-z_]+' : '([a-z_]+)'/g,
  /\b(?:rejected|refused|tokenRejected|leaveOut)\(\s*'([a-z_]+)'/g,
  /\b(?:consume|refuseFrom|tooMany)\([^;]*?'([a-z_]+)'\s*,?\s*\)/g,
];
/** Functions that give a reason as their whole result. */
const functions = /function \w*[rR]eason\w*\([^)]*\): string \{[\s\S]*?\n\}/g;

const used = new Set<string>();
for (const file of readdirSync(`${root}/src`, { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('.ts') || file.endsWith('.spec.ts') || file === 'audit/reasons.ts') continue;
  const source = readFileSync(`${root}/src/${file}`, 'utf8');
  for (const form of forms) for (const [, reason = ''] of source.matchAll(form)) used.add(reason);
  for (const [body] of source.matchAll(functions))
    for (const [, reason = ''] of body.matchAll(/'([a-z]+(?:_[a-z]+)+)'/g)) used.add(reason);
}
used.delete('accepted');

describe('every reason for a refusal', () => {
  it('is found in the source', () => {
    // One of each form, so that a form that finds nothing any more is seen.
    for (const reason of ['wrong_code', 'clock_ahead', 'token_missing', 'account_changed', 'token_expired'])
      expect([...used]).toContain(reason);
    for (const reason of ['account_delayed', 'too_many_refreshes', 'unknown_email', 'not_written'])
      expect([...used]).toContain(reason);
  });

  it('has a sentence, and no sentence is for none', () => {
    expect(Object.keys(reasons).sort()).toEqual([...used].sort());
  });

  it.each(Object.keys(reasons))('%s: says why and what to do, and is documented', (reason) => {
    const details = JSON.stringify({ steps: 2, role: 'client', code: 'x' });
    const { why, remedy } = explanationOf({ reason, details }) ?? { why: '', remedy: '' };
    expect(why).toMatch(/^[a-z].{15,}[^.]$/);
    expect(why).not.toContain('undefined');
    expect(remedy).toMatch(/^[A-Z].{10,}/);
    expect(page).toContain(`| \`${reason}\``);
  });
});
