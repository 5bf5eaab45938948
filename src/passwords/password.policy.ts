/** bcrypt reads this many bytes and no more: past them, different passwords would be one. */
export const PASSWORD_MAX_BYTES = 72;

/** Bytes of `password` in UTF-8, as bcrypt counts them. */
export const passwordBytes = (password: string): number => Buffer.byteLength(password, 'utf8');

/** What a password must be, whose account has that canonical e-mail. */
export interface PasswordRules {
  minCharacters: number;
  email: string;
}

/**
 * A sentence for each rule that `password` breaks: none where it may be set. Applied on set and never at login, and no rule asks
 * for kinds of characters (NIST SP 800-63B-4 §3.1.1.2, ASVS 5.0 6.2).
 */
export async function passwordFaults(
  password: string,
  { minCharacters, email }: PasswordRules,
): Promise<string[]> {
  const lower = password.toLowerCase();
  const rules: [broken: boolean, sentence: string][] = [
    [/\0|\p{Surrogate}/u.test(password), 'The password field contains an invalid character.'],
    [
      [...password].length < minCharacters,
      `The password field must be at least ${minCharacters} characters.`,
    ],
    [
      passwordBytes(password) > PASSWORD_MAX_BYTES,
      `The password field must be at most ${PASSWORD_MAX_BYTES} bytes.`,
    ],
    [
      lower === email || lower === email.split('@', 1)[0],
      'The password field must not be the email address.',
    ],
    [(await commonPasswords()).has(lower), 'The password field must not be a commonly used password.'],
  ];
  return rules.filter(([broken]) => broken).map(([, sentence]) => sentence);
}

let common: Promise<ReadonlySet<string>> | undefined;

/** Lower-case. Unpacked by the first who sets a password: a few megabytes that most processes do without. */
function commonPasswords(): Promise<ReadonlySet<string>> {
  return (common ??= import('@zxcvbn-ts/language-common').then(
    ({ dictionary }) => new Set(dictionary['passwords-common']),
  ));
}
