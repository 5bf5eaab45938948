import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository, type EntityManager } from 'typeorm';
import { Clock } from '../platform/clock/clock.service.js';
import { statement } from '../platform/database/statement.js';
import { addressKey } from '../platform/http/address.js';
import { SignInAddress } from './sign-in-address.entity.js';

/** Nobody signs in from more places than that; of more, those used longest ago go. */
const ADDRESSES_PER_USER = 50;
const DAY_MS = 86_400_000;

/** Where accounts have signed in from: what happens elsewhere never locks their owners out from there. */
@Injectable()
export class SignInAddressesService {
  constructor(
    @InjectRepository(SignInAddress) private readonly addresses: Repository<SignInAddress>,
    private readonly clock: Clock,
  ) {}

  /** Asked for an account that does not exist as well: the same work for both. */
  async isKnown(userId: number | undefined, address: string): Promise<boolean> {
    const rows = await statement(
      this.addresses.manager,
      'SELECT used_at FROM sign_in_addresses WHERE user_id = $1 AND address = $2',
      [userId ?? 0, addressKey(address)],
    );
    return rows.length > 0;
  }

  /** Remembers a login; writes at most once a day and address. */
  async record(userId: number, address: string, manager: EntityManager): Promise<void> {
    const now = this.clock.now();
    const written = await statement(
      manager,
      `INSERT INTO sign_in_addresses (user_id, address, used_at) VALUES ($1, $2, $3)
       ON CONFLICT (user_id, address) DO UPDATE SET used_at = $3 WHERE sign_in_addresses.used_at < $4 RETURNING user_id`,
      [userId, addressKey(address), now, now - DAY_MS],
    );
    if (written.length === 0) return;
    await statement(
      manager,
      `DELETE FROM sign_in_addresses WHERE user_id = $1 AND address NOT IN
         (SELECT address FROM sign_in_addresses WHERE user_id = $1 ORDER BY used_at DESC LIMIT ${ADDRESSES_PER_USER})`,
      [userId],
    );
  }

  /** Whoever signed in with a password that is no more has no count of their own any longer, but at `except`. */
  async forget(userId: number, manager: EntityManager, except?: string): Promise<void> {
    await statement(
      manager,
      'DELETE FROM sign_in_addresses WHERE user_id = $1 AND address <> $2 RETURNING user_id',
      [userId, except === undefined ? '' : addressKey(except)],
    );
  }
}
