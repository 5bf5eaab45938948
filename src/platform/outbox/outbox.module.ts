import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SweepingService } from '../database/sweeping.service.js';
import { DispatcherService } from './dispatcher.service.js';
import { Job } from './job.entity.js';
import { LeasesService } from './leases.service.js';
import { OutboxService } from './outbox.service.js';

const DAY_MS = 86_400_000;
/** Many more than are looked at. */
export const MAX_FINISHED = 100_000;

/** Lets every module put jobs and register handlers. */
@Global()
@Module({
  imports: [TypeOrmModule.forFeature([Job])],
  providers: [OutboxService],
  exports: [OutboxService],
})
export class OutboxModule {
  constructor(sweeping: SweepingService) {
    const finished = { table: 'outbox', key: 'id' };
    // Whoever asks for a mail to ever new addresses fills the table no further.
    const many = `(SELECT finished_at FROM outbox WHERE finished_at > 0 ORDER BY finished_at DESC LIMIT 1 OFFSET ${MAX_FINISHED})`;
    sweeping.add(
      {
        ...finished,
        condition: `(finished_at <= $1 OR finished_at <= ${many}) AND state = 'done'`,
        keepMs: 7 * DAY_MS,
      },
      { ...finished, condition: "finished_at <= $1 AND state = 'failed'", keepMs: 30 * DAY_MS },
    );
  }
}

/** Does the jobs: the server's, not the command line's. */
@Module({ providers: [DispatcherService, LeasesService], exports: [DispatcherService] })
export class DispatchModule {}
