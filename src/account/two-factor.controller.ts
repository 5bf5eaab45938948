import { Body, Controller, Get, Header, HttpCode, Post } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiConflictResponse,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
  ApiTooManyRequestsResponse,
} from '@nestjs/swagger';
import encodeQr from 'qr';
import { CurrentClient } from '../auth/guards/current-client.decorator.js';
import { CurrentUser } from '../auth/guards/current-user.decorator.js';
import { instant } from '../platform/http/instant.js';
import type { AccessClaims } from '../sessions/access-tokens.service.js';
import type { Client } from '../sessions/sessions.service.js';
import { base32 } from '../two-factor/totp.js';
import { OwnTwoFactorService } from './own-two-factor.service.js';
import {
  CodeDto,
  EnrolmentBody,
  FullProofDto,
  PasswordDto,
  presentedFactor,
  RecoveryCodesBody,
  TwoFactorBody,
} from './two-factor.dto.js';

/** The caller's second factor. */
@ApiTags('two-factor')
@ApiBearerAuth()
@Controller('v1/two-factor')
export class TwoFactorController {
  constructor(private readonly ownTwoFactor: OwnTwoFactorService) {}

  @Get()
  @Header('cache-control', 'no-store')
  @ApiOperation({ operationId: 'getTwoFactor', summary: 'Whether two-factor is on' })
  @ApiOkResponse({ type: TwoFactorBody })
  async get(@CurrentUser() claims: AccessClaims): Promise<TwoFactorBody> {
    const { confirmedAt, recoveryCodesLeft } = await this.ownTwoFactor.status(claims);
    return {
      enabled: confirmedAt !== null,
      confirmed_at: confirmedAt === null ? null : instant(confirmedAt),
      recovery_codes_left: recoveryCodesLeft,
    };
  }

  @Post()
  @Header('cache-control', 'no-store')
  @ApiOperation({ operationId: 'enrolTwoFactor', summary: 'Begin: a secret for an authenticator app' })
  @ApiCreatedResponse({ type: EnrolmentBody })
  @ApiConflictResponse({ description: 'Two-factor is on already.' })
  @ApiTooManyRequestsResponse({
    description: 'Too many wrong passwords: `Retry-After` says when to come back.',
  })
  async enrol(
    @CurrentUser() claims: AccessClaims,
    @Body() { password }: PasswordDto,
    @CurrentClient() client: Client,
  ): Promise<EnrolmentBody> {
    const { secret, url } = await this.ownTwoFactor.enrol(claims, { password, client });
    const svg = encodeQr(url, 'svg', { ecc: 'medium' });
    const qrCode = `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
    return { secret: base32(secret), otpauth_url: url, qr_code: qrCode };
  }

  @Post('confirm')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @ApiOperation({ operationId: 'confirmTwoFactor', summary: 'Turn it on with the app’s first code' })
  @ApiOkResponse({ type: RecoveryCodesBody })
  @ApiConflictResponse({ description: 'Two-factor is on already, or was not begun.' })
  async confirm(
    @CurrentUser() claims: AccessClaims,
    @Body() { code }: CodeDto,
    @CurrentClient() client: Client,
  ): Promise<RecoveryCodesBody> {
    return { recovery_codes: await this.ownTwoFactor.confirm(claims, code, client) };
  }

  @Post('disable')
  @HttpCode(204)
  @ApiOperation({ operationId: 'disableTwoFactor', summary: 'Turn it off' })
  @ApiNoContentResponse()
  @ApiConflictResponse({ description: 'Two-factor is not on.' })
  @ApiTooManyRequestsResponse({
    description: 'Too many wrong passwords: `Retry-After` says when to come back.',
  })
  disable(
    @CurrentUser() claims: AccessClaims,
    @Body() { password, ...factor }: FullProofDto,
    @CurrentClient() client: Client,
  ): Promise<void> {
    return this.ownTwoFactor.disable(claims, { password, client }, presentedFactor(factor, client));
  }

  @Post('recovery-codes')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @ApiOperation({ operationId: 'renewRecoveryCodes', summary: 'New recovery codes; the old are void' })
  @ApiOkResponse({ type: RecoveryCodesBody })
  @ApiConflictResponse({ description: 'Two-factor is not on.' })
  @ApiTooManyRequestsResponse({
    description: 'Too many wrong passwords: `Retry-After` says when to come back.',
  })
  async renew(
    @CurrentUser() claims: AccessClaims,
    @Body() { password, ...factor }: FullProofDto,
    @CurrentClient() client: Client,
  ): Promise<RecoveryCodesBody> {
    const proof = { password, client };
    return {
      recovery_codes: await this.ownTwoFactor.renewRecoveryCodes(
        claims,
        proof,
        presentedFactor(factor, client),
      ),
    };
  }
}
