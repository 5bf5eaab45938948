import { nameOf, type AccountName } from '../platform/errors/app.errors.js';
import type { AccessClaims, TokenSubject } from '../sessions/access-tokens.service.js';
import type { User } from '../users/user.entity.js';
import type { Authenticated } from './credentials.service.js';

/** What `sub` holds: the account's public id in tokens of `/v1`, its number in those of `/api/users/auth`. */
export type SubjectForm = 'publicId' | 'id';

/** What a token says about `user`. */
export const subjectOf = (user: User, form: SubjectForm): TokenSubject => ({
  sub: user[form],
  email: user.email,
  role: user.role,
});

/** The account that a token speaks for; its number stands in tokens of one form only. */
export const accountOf = ({ sub, sid }: Pick<AccessClaims, 'sub' | 'sid'>): AccountName => ({
  publicId: sid.slice(0, 8),
  ...(typeof sub === 'number' && { id: sub }),
});

/** The account of whoever a guard let in: on a login route that account, elsewhere the token's. */
export function accountIn(caller: unknown): AccountName | undefined {
  const { user, sid, sub } = (caller ?? {}) as Partial<Authenticated & AccessClaims>;
  if (user) return nameOf(user);
  return sid === undefined || sub === undefined ? undefined : accountOf({ sid, sub });
}
