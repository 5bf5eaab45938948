/** Bytes in base64, padded or not; also with passlib's `.` for `+`. */
export const bytesOf = (text: string): Buffer => Buffer.from(text.replaceAll('.', '+'), 'base64');

/** As PHC strings have it: without padding. */
export const unpadded = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
