import type { TokenSubject } from '../sessions/access-tokens.service.js';
import type { User } from '../users/user.entity.js';

/** What `sub` holds: the account's public id in tokens of `/v1`, its number in those of `/api/users/auth`. */
export type SubjectForm = 'publicId' | 'id';

/** What a token says about `user`. */
export const subjectOf = (user: User, form: SubjectForm): TokenSubject => ({
  sub: user[form],
  email: user.email,
  role: user.role,
});

/** The public id of whoever a guard let in, for the log: of a login its account's, of a token its session's. */
export function publicIdOf(user: unknown): string | undefined {
  const { publicId, sid } = (user ?? {}) as { publicId?: string; sid?: string };
  return publicId ?? sid?.slice(0, 8);
}
