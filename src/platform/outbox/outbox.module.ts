import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SweepingService } from '../database/sweeping.service.js';
import { DispatcherService } from './dispatcher.service.js';
import { Job } from './job.entity.js';
import { LeasesService } from './leases.service.js';
import { OutboxService } from './outbox.service.js';

const DAY_MS = 86_400_000;

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
    sweeping.add(
      { ...finished, condition: "finished_at <= $1 AND state = 'done'", keepMs: 7 * DAY_MS },
      { ...finished, condition: "finished_at <= $1 AND state = 'failed'", keepMs: 30 * DAY_MS },
    );
  }
}

/** Does the jobs: the server's, not the command line's. */
@Module({ providers: [DispatcherService, LeasesService], exports: [DispatcherService] })
export class DispatchModule {}
