import { applyDecorators, SetMetadata, UseGuards } from '@nestjs/common';
import { ApiForbiddenResponse } from '@nestjs/swagger';
import { ROLES, RolesGuard } from './roles.guard.js';

/** Lets only accounts of one of these roles in, on a route or a whole controller; a route's own list goes before its controller's. */
export const Roles = (...roles: [string, ...string[]]) =>
  applyDecorators(
    SetMetadata(ROLES, roles),
    UseGuards(RolesGuard),
    ApiForbiddenResponse({ description: `Only for accounts of the role ${roles.join(' or ')}.` }),
  );
