import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { FactorImportsService } from './factor-imports.service.js';
import { RecoveryCode } from './recovery-code.entity.js';
import { TwoFactor } from './two-factor.entity.js';
import { TwoFactorService } from './two-factor.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([TwoFactor, RecoveryCode])],
  providers: [TwoFactorService, FactorImportsService],
  exports: [TwoFactorService, FactorImportsService],
})
export class TwoFactorModule {}
