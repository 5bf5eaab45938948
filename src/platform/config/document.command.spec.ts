import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { parseConfig } from './config.schema.js';
import { documents } from './document.command.js';
import { settings, type Setting } from './settings.schema.js';

const all = Object.values<Setting<unknown>>(settings);

describe('documents', () => {
  it.each(Object.entries(documents()))('%s is what `npm run docs:config` writes', (path, text) => {
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it.each(all.map((setting) => [setting.name, setting] as const))(
    'list %s with its default and sentence',
    (name, setting) => {
      const { '.env.example': example, 'docs/configuration.md': page } = documents();
      const line = `${setting.rule.secret ? '# ' : ''}${name}=${setting.fallback ?? ''}`;
      expect(example.split('\n')).toContain(line);
      expect(example).toContain(setting.description);
      const row = page.split('\n').find((each) => each.startsWith(`| \`${name}\``));
      expect(row).toContain(setting.fallback ? `\`${setting.fallback}\`` : 'none');
      expect(row).toContain(setting.description);
    },
  );

  it('.env.example copied as it is changes nothing', () => {
    expect(parseConfig(parseEnv(documents()['.env.example']))).toEqual(parseConfig({}));
  });

  it('.env.example gives no secret a value that would pass', () => {
    const uncommented = documents()['.env.example'].replaceAll(/^# ([A-Z_]+=)/gm, '$1');
    const secrets = all.filter(({ rule }) => rule.secret);
    expect(secrets.length).toBeGreaterThan(1);
    for (const { name } of secrets) {
      expect(() => parseConfig(parseEnv(uncommented))).toThrow(`${name}: must be`);
    }
  });
});
