import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SweepingService } from '../platform/database/sweeping.service.js';
import { AccessTokensService } from './access-tokens.service.js';
import { Revocation } from './revocation.entity.js';
import { RevocationsService } from './revocations.service.js';
import { RotationsService } from './rotations.service.js';
import { Session } from './session.entity.js';
import { SessionsService } from './sessions.service.js';
import { SigningKeysService } from './signing-keys.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([Session, Revocation])],
  providers: [SessionsService, RotationsService, AccessTokensService, RevocationsService, SigningKeysService],
  exports: [SessionsService, RotationsService, AccessTokensService, RevocationsService, SigningKeysService],
})
export class SessionsModule {
  constructor(sweeping: SweepingService) {
    sweeping.add(
      { table: 'sessions', key: 'id', condition: 'expires_at <= $1' },
      {
        table: 'revocations',
        key: 'session_id',
        // The newest row stays: on SQLite the next one's position follows from it.
        condition: 'expires_at <= $1 AND position < (SELECT max(position) FROM revocations)',
      },
    );
  }
}
