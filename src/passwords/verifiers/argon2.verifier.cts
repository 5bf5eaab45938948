import { verifySync } from '@node-rs/argon2';
import { outOfBounds, type Verifier } from './verifier.cjs';

const form =
  /^(?:argon2)?\$argon2(id?)\$v=(?:16|19)\$m=(\d{1,9}),t=(\d{1,9}),p=(\d{1,9})\$[A-Za-z0-9+/]{11,64}\$[A-Za-z0-9+/]{16,86}$/;

/** 256 MiB. */
const MAX_KIB = 2 ** 18;
/** As much as 1 GiB filled once. */
const MAX_KIB_PASSES = 2 ** 20;

/** Argon2i and Argon2id in the form of the reference implementation (RFC 9106), also as Django names it: `argon2$argon2id$…`. */
export const readArgon2: Verifier = (stored) => {
  const found = form.exec(stored);
  if (!found) return undefined;
  const [memory, passes, lanes] = found.slice(2).map(Number) as [number, number, number];
  const figures = {
    'memory (m)': [memory, 8 * lanes, MAX_KIB],
    'passes (t)': [passes, 1, 1024],
    'lanes (p)': [lanes, 1, 16],
    'memory times passes (m × t)': [memory * passes, 8, MAX_KIB_PASSES],
  } as const;
  return (
    outOfBounds(figures) ?? {
      kind: `argon2${found[1]}`,
      verify: (password) => verifySync(stored.replace(/^argon2/, ''), password),
    }
  );
};
