import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { crossRules } from './config.schema.js';
import { secretMakers } from './rule.schema.js';
import { groups, type Setting } from './settings.schema.js';

const intro = `# Configuration

Written by \`npm run docs:config\` from \`src/platform/config/settings.schema.ts\`: edit that, not this.

Settings are environment variables. A variable that is not set there is looked up in the file \`.env\` of the working
directory (\`.env.example\` is a start), then its default holds. An empty value counts as not set, except for a secret,
where it is a fault. Wrong settings stop the start with exit code 1 and one line for each: the variable's name and
the rule, never the value.

**Secrets.** \`JWT_SECRET\` and \`ENCRYPTION_KEY\` are two different random texts. Make each with one of

\`\`\`
${secretMakers.join('\n')}
\`\`\`

Where they are not set, the first start generates them into \`DATA_DIR\` (\`jwt-secret\` and \`encryption-key\`, readable by
their owner only) and says so; later starts read them there. Keep them with your backups.

**Production.** With \`NODE_ENV=production\` nothing is generated and these files are not read: both must be set. To take
generated ones along, set the variables to what the files hold. With \`JWT_ALGORITHM=ES256\`, \`JWT_PRIVATE_KEY\` takes the
place of \`JWT_SECRET\`: [signing keys](signing-keys.md) tells how, and how keys are changed while people are signed in.
`;

function table(settings: readonly Setting<unknown>[]): string {
  const header = ['Variable', 'Default', 'Unit', 'Rule', 'What it is for'];
  const body = settings.map((setting) => [
    `\`${setting.name}\``,
    setting.fallback ? `\`${setting.fallback}\`` : 'none',
    setting.rule.unit ?? '',
    ruleOf(setting).replaceAll('*', '\\*'),
    setting.description,
  ]);
  const lines = [header, header.map(() => '---'), ...body];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The rule of a setting with those between it and others. */
function ruleOf(setting: Setting<unknown>): string {
  const across = crossRules.filter((rule) => rule.setting === setting).map(({ sentence }) => sentence);
  return [setting.rule.sentence, ...across].join('; ');
}

/** A secret is commented out: copied as it is, the file must not give it a value, and blank is a fault. */
function assignment(setting: Setting<unknown>): string {
  const { name, fallback = '', rule, description } = setting;
  const comments = [description, `Rule: ${ruleOf(setting)}.`, ...(rule.remedy ? [rule.remedy] : [])];
  const assigned = `${rule.secret ? '# ' : ''}${name}=${fallback}`;
  return `${comments.map((line) => `# ${line}\n`).join('')}${assigned}\n`;
}

/** The files that list every setting, by their paths from the project's root. */
export function documents(): Record<'.env.example' | 'docs/configuration.md', string> {
  const sections = Object.entries(groups).map(([title, group]) => ({ title, list: Object.values(group) }));
  const example = sections.map(
    ({ title, list }) => `# --- ${title} ---\n\n${list.map(assignment).join('\n')}`,
  );
  const pages = sections.map(({ title, list }) => `## ${title}\n\n${table(list)}\n`);
  return {
    '.env.example': `# Copy to .env and change what you need; docs/configuration.md explains.\n\n${example.join('\n')}`,
    'docs/configuration.md': `${intro}\n${pages.join('\n')}`,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of Object.entries(documents())) writeFileSync(path, text);
}
