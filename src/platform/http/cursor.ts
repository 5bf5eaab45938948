/** A keyset's position as clients carry it: opaque, so that nobody builds on what is in it. */
export const encodeCursor = (position: string | number): string =>
  Buffer.from(String(position)).toString('base64url');

/** The position, or undefined where `cursor` is none of ours or does not have the form of `pattern`. */
export function decodeCursor(cursor: string, pattern: RegExp): string | undefined {
  const position = Buffer.from(cursor, 'base64url').toString('latin1');
  return encodeCursor(position) === cursor && pattern.test(position) ? position : undefined;
}
