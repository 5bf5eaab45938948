import { Body, Controller, Header, HttpCode, Post, UseGuards } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiConflictResponse,
  ApiForbiddenResponse,
  ApiNoContentResponse,
  ApiOperation,
  ApiTags,
  ApiTooManyRequestsResponse,
} from '@nestjs/swagger';
import type { Client } from '../../../sessions/sessions.service.js';
import { CurrentClient } from '../../guards/current-client.decorator.js';
import { Public } from '../../guards/public.decorator.js';
import { RegistrationGuard } from '../../guards/registration.guard.js';
import { ThrottledGuard } from '../../guards/throttled.guard.js';
import { PendingRegistrationsService } from '../../pending-registrations.service.js';
import { RegistrationService } from '../../registration.service.js';
import { accepted, AcceptedBody, MailedTokenDto, RegistrationDto } from './mailed.dto.js';

/** An account for whoever asks, and reads the mail. */
@ApiTags('account')
@Public()
@UseGuards(ThrottledGuard, RegistrationGuard)
@Controller('v1')
export class RegistrationController {
  constructor(
    private readonly registration: RegistrationService,
    private readonly pending: PendingRegistrationsService,
  ) {}

  @Post('register')
  @HttpCode(202)
  @Header('cache-control', 'no-store')
  @ApiOperation({ operationId: 'register', summary: 'Ask for an account' })
  @ApiAcceptedResponse({ type: AcceptedBody })
  @ApiForbiddenResponse({ description: 'Registration is closed.' })
  @ApiTooManyRequestsResponse({ description: 'Too many requests, or mails to this address.' })
  async register(
    @Body() { email, password }: RegistrationDto,
    @CurrentClient() client: Client,
  ): Promise<AcceptedBody> {
    await this.registration.register({ email, password, client });
    return accepted();
  }

  @Post('verify-email')
  @HttpCode(204)
  @Header('cache-control', 'no-store')
  @ApiOperation({ operationId: 'verifyEmail', summary: 'Confirm a registration: there is an account then' })
  @ApiNoContentResponse()
  @ApiForbiddenResponse({ description: 'Registration is closed.' })
  @ApiConflictResponse({ description: 'The address has an account by now.' })
  @ApiTooManyRequestsResponse({ description: 'Too many requests.' })
  verify(@Body() { token }: MailedTokenDto, @CurrentClient() client: Client): Promise<void> {
    return this.pending.confirm(token, client);
  }
}
