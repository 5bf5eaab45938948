import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SignInAddress } from './sign-in-address.entity.js';
import { SignInAddressesService } from './sign-in-addresses.service.js';
import { ThrottlesService } from './throttles.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([SignInAddress])],
  providers: [SignInAddressesService, ThrottlesService],
  exports: [SignInAddressesService, ThrottlesService],
})
export class AttemptsModule {}
