import bcrypt from 'bcrypt';
import { bytesOf, unpadded } from './base64.cjs';
import { digestOf, readFastHash, type DigestName } from './digest.verifier.cjs';
import { BCRYPT_COSTS } from './bcrypt.verifier.cjs';
import { outOfBounds, type Verifier } from './verifier.cjs';

/** bcrypt reads no more, and of a digest 72 digits are plenty; base64 holds no NUL, at which others' bcrypt ends. */
const inner = (digest: Buffer): string => digest.toString('base64').slice(0, 72);

/**
 * bcrypt over a fast hash whose password nobody has yet, so that the fast one need not be kept. Blocks this thread.
 * @throws RangeError where `stored` is no fast hash
 */
export function wrap(stored: string, cost: number): string {
  const fast = readFastHash(stored);
  if (!fast) throw new RangeError('not a hash that can be wrapped');
  const outer = bcrypt.hashSync(inner(fast.digest), cost);
  return `$wrapped$${fast.name}$${unpadded(fast.before)}$${unpadded(fast.behind)}${outer}`;
}

const form =
  /^\$wrapped\$(md5|sha1|sha256|sha384|sha512)\$([A-Za-z0-9+/]{0,160})\$([A-Za-z0-9+/]{0,160})(\$2b\$(\d\d)\$[./A-Za-z0-9]{53})$/;

/** What `wrap` makes: `$wrapped$digest$salt before$salt behind$2b$…`. */
export const readWrapped: Verifier = (stored) => {
  const [, name, before, behind, outer, cost] = form.exec(stored) ?? [];
  if (before === undefined || behind === undefined || outer === undefined) return undefined;
  const salts = { name: name as DigestName, before: bytesOf(before), behind: bytesOf(behind) };
  return (
    outOfBounds({ cost: [Number(cost), ...BCRYPT_COSTS] }) ?? {
      kind: `wrapped-${name}`,
      bcryptCost: Number(cost),
      verify: (password) => bcrypt.compareSync(inner(digestOf(password, salts)), outer),
    }
  );
};
