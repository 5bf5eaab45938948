import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SweepingService } from '../platform/database/sweeping.service.js';
import { AccountFailures } from './account-failures.entity.js';
import { AccountFailuresService } from './account-failures.service.js';
import { MAX_KEYS } from './bounded-memory.limiter.js';
import { SignInAddressesModule } from './sign-in-addresses.module.js';
import { ThrottlesService } from './throttles.service.js';

const DAY_MS = 86_400_000;
/** Counts end within a day: an end so late was set by a clock that has been put back. */
const FAR_MS = 2 * DAY_MS;

@Module({
  imports: [TypeOrmModule.forFeature([AccountFailures]), SignInAddressesModule],
  providers: [AccountFailuresService, ThrottlesService],
  exports: [SignInAddressesModule, ThrottlesService],
})
export class AttemptsModule {
  constructor(sweeping: SweepingService) {
    sweeping.add({
      table: 'account_failures',
      key: 'account',
      // Who tries ever new e-mails fills the table no further than memory.
      condition: `ends_at <= $1 OR ends_at > $1 + ${FAR_MS}
        OR ends_at <= (SELECT ends_at FROM account_failures ORDER BY ends_at DESC LIMIT 1 OFFSET ${MAX_KEYS})`,
    });
  }
}
