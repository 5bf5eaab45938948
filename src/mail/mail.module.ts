import { Module } from '@nestjs/common';
import { DeliveryService } from './delivery.service.js';
import { MailService } from './mail.service.js';
import { TemplatesService } from './templates.service.js';

@Module({ providers: [MailService, TemplatesService, DeliveryService], exports: [MailService] })
export class MailModule {}
