import { Body, Controller, Delete, Get, Header, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import {
  ApiBearerAuth,
  ApiConflictResponse,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { Origin } from '../audit/events.js';
import { CurrentActor } from '../auth/guards/current-actor.decorator.js';
import { Roles } from '../auth/guards/roles.decorator.js';
import { AppError } from '../platform/errors/app.errors.js';
import { httpErrors } from '../platform/errors/http.errors.js';
import { decodeCursor, encodeCursor } from '../platform/http/cursor.js';
import { AccountPagesService } from './account-pages.service.js';
import {
  AccountBody,
  AccountChangesDto,
  AccountsBody,
  AccountsQuery,
  NewAccountDto,
  accountBody,
} from './accounts.dto.js';
import { AccountsService } from './accounts.service.js';

const NO_ACCOUNT = { description: 'There is no such account.' };
const LAST = { description: 'It is the last administrator.' };

/** Everybody's accounts, for administrators. */
@ApiTags('admin')
@ApiBearerAuth()
@Roles('admin')
@Controller('v1/admin/users')
export class AccountsController {
  constructor(
    private readonly accounts: AccountsService,
    private readonly pages: AccountPagesService,
  ) {}

  @Get()
  @Header('cache-control', 'no-store')
  @ApiOperation({ operationId: 'listAccounts', summary: 'Accounts, a page at a time' })
  @ApiOkResponse({ type: AccountsBody })
  async list(@Query() query: AccountsQuery): Promise<AccountsBody> {
    const { search, role, limit, cursor } = query;
    const { accounts, next } = await this.pages.page({
      search,
      role,
      disabled: booleanOf(query.disabled),
      twoFactor: booleanOf(query.two_factor),
      after: cursor === undefined ? undefined : Number(positionOf(cursor)),
      limit,
    });
    return { users: accounts.map(accountBody), next: next === null ? null : encodeCursor(next) };
  }

  @Post()
  @Header('cache-control', 'no-store')
  @ApiOperation({ operationId: 'createAccount', summary: 'Create an account without a password' })
  @ApiCreatedResponse({ type: AccountBody })
  @ApiConflictResponse({ description: 'The e-mail address has an account.' })
  async create(@Body() { email, role }: NewAccountDto, @CurrentActor() by: Origin): Promise<AccountBody> {
    const user = await this.accounts.create({ email, role, password: null }, by);
    return accountBody(await this.pages.describe(user));
  }

  @Get(':id')
  @Header('cache-control', 'no-store')
  @ApiOperation({ operationId: 'getUser', summary: 'An account' })
  @ApiOkResponse({ type: AccountBody })
  @ApiNotFoundResponse(NO_ACCOUNT)
  async get(@Param('id') publicId: string): Promise<AccountBody> {
    return accountBody(await this.pages.describe(await this.accounts.find({ publicId })));
  }

  @Patch(':id')
  @Header('cache-control', 'no-store')
  @ApiOperation({ operationId: 'updateAccount', summary: 'Change role or e-mail address; its sessions end' })
  @ApiOkResponse({ type: AccountBody })
  @ApiNotFoundResponse(NO_ACCOUNT)
  @ApiConflictResponse({ description: 'The e-mail address is taken, or it is the last administrator.' })
  async update(
    @Param('id') publicId: string,
    @Body() changes: AccountChangesDto,
    @CurrentActor() by: Origin,
  ): Promise<AccountBody> {
    return accountBody(await this.pages.describe(await this.accounts.update({ publicId }, changes, by)));
  }

  @Delete(':id')
  @HttpCode(204)
  @RouteConfig({ ignoresBody: true })
  @ApiOperation({ operationId: 'deleteUser', summary: 'Delete an account, for good' })
  @ApiNoContentResponse()
  @ApiNotFoundResponse(NO_ACCOUNT)
  @ApiConflictResponse(LAST)
  async delete(@Param('id') publicId: string, @CurrentActor() by: Origin): Promise<void> {
    await this.accounts.delete({ publicId }, by);
  }
}

const booleanOf = (text: string | undefined): boolean | undefined =>
  text === undefined ? undefined : text === 'true';

function positionOf(cursor: string): string {
  const position = decodeCursor(cursor, /^[1-9]\d{0,9}$/);
  if (position !== undefined && Number(position) <= 0x7fff_ffff) return position;
  const message = 'The cursor field must be the next of another page.';
  throw new AppError(httpErrors.validation_failed, { details: { cursor: [{ message }] } });
}
