import { Module } from '@nestjs/common';
import { BreachedPasswordsService } from './breached-passwords.service.js';
import { PasswordsService } from './passwords.service.js';

@Module({ providers: [PasswordsService, BreachedPasswordsService], exports: [PasswordsService] })
export class PasswordsModule {}
