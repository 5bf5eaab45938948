import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AccessTokensService } from './access-tokens.service.js';
import { Revocation } from './revocation.entity.js';
import { CleaningService } from './cleaning.service.js';
import { RevocationsService } from './revocations.service.js';
import { Session } from './session.entity.js';
import { SessionsService } from './sessions.service.js';
import { SigningKeysService } from './signing-keys.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([Session, Revocation]), JwtModule.register({})],
  providers: [SessionsService, AccessTokensService, RevocationsService, SigningKeysService, CleaningService],
  exports: [SessionsService, AccessTokensService, RevocationsService, SigningKeysService],
})
export class SessionsModule {}
