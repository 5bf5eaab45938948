import { Body, Controller, Header, HttpCode, Post, UseGuards } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiNoContentResponse,
  ApiOperation,
  ApiTags,
  ApiTooManyRequestsResponse,
} from '@nestjs/swagger';
import type { Client } from '../../../sessions/sessions.service.js';
import { ForgottenPasswordsService } from '../../forgotten-passwords.service.js';
import { CurrentClient } from '../../guards/current-client.decorator.js';
import { Public } from '../../guards/public.decorator.js';
import { ThrottledGuard } from '../../guards/throttled.guard.js';
import { PasswordResetService } from '../../password-reset.service.js';
import { accepted, AcceptedBody, ForgottenPasswordDto, PasswordResetDto } from './mailed.dto.js';

/** A new password for whoever forgot theirs, and reads the account's mail. */
@ApiTags('account')
@Public()
@UseGuards(ThrottledGuard)
@Controller('v1')
export class PasswordResetController {
  constructor(
    private readonly forgottenPasswords: ForgottenPasswordsService,
    private readonly passwordReset: PasswordResetService,
  ) {}

  @Post('forgot-password')
  @HttpCode(202)
  @Header('cache-control', 'no-store')
  @ApiOperation({ operationId: 'forgotPassword', summary: 'Ask for a mail to set a new password with' })
  @ApiAcceptedResponse({ type: AcceptedBody })
  @ApiTooManyRequestsResponse({ description: 'Too many requests, or mails to this address.' })
  async forgot(
    @Body() { email }: ForgottenPasswordDto,
    @CurrentClient() { address }: Client,
  ): Promise<AcceptedBody> {
    await this.forgottenPasswords.ask(email, address);
    return accepted();
  }

  @Post('reset-password')
  @HttpCode(204)
  @Header('cache-control', 'no-store')
  @ApiOperation({ operationId: 'resetPassword', summary: 'Set a new password; all sessions end' })
  @ApiNoContentResponse()
  @ApiTooManyRequestsResponse({ description: 'Too many requests.' })
  reset(@Body() { token, password }: PasswordResetDto, @CurrentClient() client: Client): Promise<void> {
    return this.passwordReset.reset(token, password, client);
  }
}
