/** The systems whose exports are read as they are; `generic`: columns by our own names. */
export const systems = [
  'generic',
  'laravel',
  'symfony',
  'django',
  'keycloak',
  'auth0',
  'firebase',
  'supabase',
] as const;

export type System = (typeof systems)[number];

/** What a file may be. */
export const formats = ['csv', 'jsonl', 'json'] as const;

export type Format = (typeof formats)[number];
