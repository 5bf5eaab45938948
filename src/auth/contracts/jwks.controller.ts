import type { JsonWebKey } from 'node:crypto';
import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { SigningKeysService } from '../../sessions/signing-keys.service.js';
import { Public } from '../guards/public.decorator.js';

/** The keys with which others verify ES256 tokens (RFC 7517). */
@ApiTags('keys')
@Controller('.well-known')
export class JwksController {
  constructor(private readonly keys: SigningKeysService) {}

  @Public()
  @Get('jwks.json')
  @Header('cache-control', 'public, max-age=600')
  @ApiOperation({ operationId: 'listPublicKeys', summary: 'Public keys of access tokens; none under HS256' })
  @ApiOkResponse({
    schema: {
      type: 'object',
      properties: { keys: { type: 'array', items: { type: 'object' } } },
      required: ['keys'],
    },
  })
  list(): { keys: JsonWebKey[] } {
    return { keys: this.keys.publicKeys() };
  }
}
