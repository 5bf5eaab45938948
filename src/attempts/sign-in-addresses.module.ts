import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SignInAddress } from './sign-in-address.entity.js';
import { SignInAddressesService } from './sign-in-addresses.service.js';

/** Apart from what counts tries, which the command line has no part in. */
@Module({
  imports: [TypeOrmModule.forFeature([SignInAddress])],
  providers: [SignInAddressesService],
  exports: [SignInAddressesService],
})
export class SignInAddressesModule {}
