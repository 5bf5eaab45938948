/** bcrypt reads this many bytes and no more: past them, different passwords would be one. */
export const PASSWORD_MAX_BYTES = 72;

/** NIST SP 800-63B-4 §3.1.1.2's floor where a second factor can be on. */
export const PASSWORD_MIN_CHARACTERS = 8;

/** Bytes of `password` in UTF-8, as bcrypt counts them. */
export const passwordBytes = (password: string): number => Buffer.byteLength(password, 'utf8');

/** Why `password` may not be set, or undefined where it may. Applied on set and never at login. */
export function passwordFault(password: string): string | undefined {
  if (/\0|\p{Surrogate}/u.test(password)) return 'The password field contains an invalid character.';
  if ([...password].length < PASSWORD_MIN_CHARACTERS) {
    return `The password field must be at least ${PASSWORD_MIN_CHARACTERS} characters.`;
  }
  if (passwordBytes(password) > PASSWORD_MAX_BYTES) {
    return `The password field must be at most ${PASSWORD_MAX_BYTES} bytes.`;
  }
  return undefined;
}
