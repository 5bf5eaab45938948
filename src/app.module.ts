import { Module } from '@nestjs/common';
import { AccountModule } from './account/account.module.js';
import { AdminApiModule } from './admin/admin-api.module.js';
import { AdminModule } from './admin/admin.module.js';
import { AuthModule } from './auth/auth.module.js';
import { FilmsModule } from './films/films.module.js';
import { OperationsModule } from './operations/operations.module.js';
import { ClockModule } from './platform/clock/clock.module.js';
import { ConfigModule } from './platform/config/config.module.js';
import { CryptoModule } from './platform/crypto/crypto.module.js';
import { DatabaseModule } from './platform/database/database.module.js';
import { DispatchModule, OutboxModule } from './platform/outbox/outbox.module.js';
import { RedisModule } from './platform/redis/redis.module.js';

/** The table of contents. */
@Module({
  imports: [
    ConfigModule,
    ClockModule,
    CryptoModule,
    DatabaseModule,
    RedisModule,
    OutboxModule,
    DispatchModule,
    AuthModule,
    AccountModule,
    AdminModule,
    AdminApiModule,
    OperationsModule,
    FilmsModule, // the worked example, which many tests ask: put your own module beside it
  ],
})
export class AppModule {}
