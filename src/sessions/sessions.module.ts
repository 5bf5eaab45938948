import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AccessTokensService } from './access-tokens.service.js';
import { Session } from './session.entity.js';
import { SessionsService } from './sessions.service.js';
import { SigningKeysModule } from './signing-keys.module.js';
import { SigningKeysService } from './signing-keys.service.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([Session]),
    SigningKeysModule,
    JwtModule.registerAsync({
      imports: [SigningKeysModule],
      inject: [SigningKeysService],
      useFactory: (keys: SigningKeysService) => ({ secretOrKeyProvider: () => keys.current.key }),
    }),
  ],
  providers: [SessionsService, AccessTokensService],
  exports: [SessionsService, AccessTokensService],
})
export class SessionsModule {}
