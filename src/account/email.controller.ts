import { Body, Controller, Header, HttpCode, Post, Put, UseGuards } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBearerAuth,
  ApiConflictResponse,
  ApiNoContentResponse,
  ApiOperation,
  ApiTags,
  ApiTooManyRequestsResponse,
} from '@nestjs/swagger';
import { CurrentClient } from '../auth/guards/current-client.decorator.js';
import { CurrentUser } from '../auth/guards/current-user.decorator.js';
import { Public } from '../auth/guards/public.decorator.js';
import { ThrottledGuard } from '../auth/guards/throttled.guard.js';
import type { AccessClaims } from '../sessions/access-tokens.service.js';
import type { Client } from '../sessions/sessions.service.js';
import { EmailChangeBody, EmailChangeDto, EmailTokenDto } from './email.dto.js';
import { EmailConfirmationService } from './email-confirmation.service.js';
import { OwnEmailService } from './own-email.service.js';

/** The address of the caller's account. */
@ApiTags('account')
@Controller('v1')
export class EmailController {
  constructor(
    private readonly ownEmail: OwnEmailService,
    private readonly emailConfirmation: EmailConfirmationService,
  ) {}

  @Put('email')
  @HttpCode(202)
  @Header('cache-control', 'no-store')
  @ApiBearerAuth()
  @ApiOperation({ operationId: 'changeEmail', summary: 'Ask for another e-mail address' })
  @ApiAcceptedResponse({ type: EmailChangeBody })
  @ApiTooManyRequestsResponse({ description: 'Too many wrong passwords, or mails to one of the addresses.' })
  async change(
    @CurrentUser() claims: AccessClaims,
    @Body() { password, email }: EmailChangeDto,
    @CurrentClient() client: Client,
  ): Promise<EmailChangeBody> {
    await this.ownEmail.askToChange(claims, { password, client }, email);
    return { message: 'A mail tells what to do next.' };
  }

  /** Open: the mail is read wherever it is read. */
  @Public()
  @UseGuards(ThrottledGuard)
  @Post('confirm-email')
  @HttpCode(204)
  @Header('cache-control', 'no-store')
  @ApiOperation({ operationId: 'confirmEmail', summary: 'Confirm the new address: the account has it then' })
  @ApiNoContentResponse()
  @ApiConflictResponse({ description: 'Another account has the address by now.' })
  @ApiTooManyRequestsResponse({ description: 'Too many requests.' })
  confirm(@Body() { token }: EmailTokenDto, @CurrentClient() client: Client): Promise<void> {
    return this.emailConfirmation.confirm(token, client);
  }
}
