import { Module } from '@nestjs/common';
import { SessionsModule } from '../sessions/sessions.module.js';
import { OwnSessionsService } from './own-sessions.service.js';
import { SessionsController } from './sessions.controller.js';

@Module({ imports: [SessionsModule], controllers: [SessionsController], providers: [OwnSessionsService] })
export class AccountModule {}
