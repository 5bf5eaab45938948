/** Texts that are another each time, and alike all the same. */
const forms: readonly [name: string, pattern: RegExp][] = [
  ['a JWT', /^(<JWT>|<new JWT>|<current JWT>|eyJ[\w-]+\.[\w-]+\.[\w-]*)$/],
  ['a Bearer JWT', /^Bearer eyJ[\w-]+\.[\w-]+\.[\w-]*$/i],
  ['a UUID', /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/],
  ['a UUID in capitals', /^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/],
  ['req_ and 8 hex digits', /^req_[0-9a-f]{8}$/],
  ['a date like 2025-12-01T16:14:53+00:00', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/],
  ['a date like 2025-12-01T16:14:53Z', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/],
  ['a date like 2025-12-01T16:14:53.123Z', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/],
  ['a date like 2025-12-01T16:14:53.123456Z', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/],
  ['a date like 2025-12-01 16:14:53', /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/],
  ['an HTTP date', /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/],
];

/** What a field is named whose value is another each time. */
const volatileName = /^(id|.*[_-]id|.*Id|.*token|.*secret|timestamp|.*_at|.*At|date|iat|exp|nbf|jti|sid)$/;

/** The name of a text's form; undefined: it has none, and means itself. */
export const formOf = (text: string): string | undefined =>
  forms.find(([, pattern]) => pattern.test(text))?.[0];

/** What `value` is, to be compared and to be told; a value that means itself is itself. `name`: that of its field. */
export function describeValue(value: unknown, name: string): string {
  if (typeof value === 'string') return formOf(value) ?? opaque(value, name);
  if (typeof value === 'number' && volatileName.test(name))
    return /^(iat|exp|nbf|timestamp|.*_at|.*At)$/.test(name)
      ? `a number of ${String(Math.trunc(value)).length} digits`
      : 'a number';
  return value === undefined ? 'nothing' : JSON.stringify(value);
}

function opaque(text: string, name: string): string {
  if (!volatileName.test(name) || text === '') return JSON.stringify(text);
  if (/token|secret/i.test(name)) return 'a token that is no JWT';
  const letters = /[a-z]/.test(text) ? 'lower-case letters' : /[A-Z]/.test(text) ? 'capitals' : 'digits';
  return /^\d+$/.test(text) ? 'a text of digits' : `${text.length} characters with ${letters}`;
}

/** The claims of a JWT; undefined: it is none that can be read. */
export function claimsOf(token: string): Record<string, unknown> | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    return typeof claims === 'object' && claims !== null ? { ...claims } : undefined;
  } catch {
    return undefined;
  }
}
