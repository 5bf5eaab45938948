/** What a template's placeholders become. An absent or empty one hides the sections of its name. */
export type Variables = Readonly<Record<string, string | undefined>>;

const section = /\{\{([#^])(\w+)\}\}\n?(.*?)\{\{\/\2\}\}\n?/gs;
const placeholder = /\{\{(\w+)\}\}/g;

/**
 * Fills `template` in: `{{name}}` is the variable, `{{#name}}…{{/name}}` stays where there is one, `{{^name}}…{{/name}}` where
 * there is none. Values go through `escape` and are never looked at for placeholders.
 */
export function fill(template: string, variables: Variables, escape: (value: string) => string): string {
  return template
    .replace(section, (_, kind: string, name: string, inside: string) =>
      Boolean(variables[name]) === (kind === '#') ? inside : '',
    )
    .replace(placeholder, (_, name: string) => escape(variables[name] ?? ''));
}

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** For text and for attributes in quotes. */
export const escapeHtml = (value: string): string =>
  value.replace(/[&<>"']/g, (character) => entities[character] ?? character);

/** The names that `template` asks for. */
export const namesIn = (template: string): string[] => [
  ...new Set([...template.matchAll(/\{\{[#^/]?(\w+)\}\}/g)].map(([, name = '']) => name)),
];
