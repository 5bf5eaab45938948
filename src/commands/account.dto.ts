import type { User } from '../users/user.entity.js';
import { aligned } from './table.js';

/** An account as the operator sees it: never with its password's hash. Instants in ISO 8601, UTC. */
export interface AccountDto {
  id: number;
  public_id: string;
  email: string;
  role: string;
  disabled_at: string | null;
  created_at: string;
  has_password: boolean;
}

export function accountDto({
  id,
  publicId,
  email,
  role,
  disabledAt,
  createdAt,
  passwordHash,
}: User): AccountDto {
  return {
    id,
    public_id: publicId,
    email,
    role,
    disabled_at: disabledAt === null ? null : new Date(disabledAt).toISOString(),
    created_at: new Date(createdAt).toISOString(),
    has_password: passwordHash !== null,
  };
}

const titles = ['number', 'public id', 'e-mail', 'role', 'password', 'disabled', 'created'];

const cells = (account: AccountDto): string[] => [
  String(account.id),
  account.public_id,
  account.email,
  account.role,
  account.has_password ? 'set' : 'none',
  account.disabled_at ?? 'no',
  account.created_at,
];

/** A line for every account, under one of titles. */
export const tableOf = (accounts: AccountDto[]): string => aligned([titles, ...accounts.map(cells)]);

/** A line for everything there is to know of one. */
export const describeAccount = (account: AccountDto): string =>
  aligned(cells(account).map((cell, i) => [titles[i] ?? '', cell]));
