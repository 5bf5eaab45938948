import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SweepingService } from '../platform/database/sweeping.service.js';
import { OneTimeToken } from './one-time-token.entity.js';
import { OneTimeTokensService } from './one-time-tokens.service.js';

/** So that the audit can say whose token had expired, to who comes back to a mail of yesterday. */
const KEPT_MS = 24 * 3_600_000;

@Module({
  imports: [TypeOrmModule.forFeature([OneTimeToken])],
  providers: [OneTimeTokensService],
  exports: [OneTimeTokensService],
})
export class OneTimeTokensModule {
  constructor(sweeping: SweepingService) {
    sweeping.add({
      table: 'one_time_tokens',
      key: 'token_hash',
      condition: 'expires_at <= $1',
      keepMs: KEPT_MS,
    });
  }
}
