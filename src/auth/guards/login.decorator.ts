import { applyDecorators, Header, HttpCode, UseGuards, type Type } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBody } from '@nestjs/swagger';
import { LocalGuard } from './local.guard.js';
import { Public } from './public.decorator.js';

/** A route that takes an e-mail and a password: counted (`countLogins`), its body validated as `dto`, and both compared. */
export const Login = (dto: Type): MethodDecorator =>
  applyDecorators(
    Public(),
    HttpCode(200),
    Header('cache-control', 'no-store'),
    RouteConfig({ refusalEvent: 'login.refused', isLogin: true }),
    UseGuards(LocalGuard(dto)),
    ApiBody({ type: dto }),
  );
