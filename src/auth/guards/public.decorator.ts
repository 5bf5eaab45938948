import { SetMetadata } from '@nestjs/common';

export const IS_PUBLIC = Symbol('is public');

/** Opens a route to everybody. Every other route asks for an access token. */
export const Public = () => SetMetadata(IS_PUBLIC, true);
