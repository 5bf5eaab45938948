import { NotFoundException } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Fastify reads none of these; CORS answers every OPTIONS. */
const BODYLESS = ['GET', 'HEAD', 'OPTIONS', 'TRACE'];

/** What is asked for is not here, or takes no body. */
export const takesNoBody = ({ is404, routeOptions }: FastifyRequest): boolean =>
  is404 || routeOptions.config.ignoresBody === true;

/** Chunks are read, or what is wrong with them would be told after the request was done. */
const hasLength = ({ headers }: FastifyRequest): boolean => headers['transfer-encoding'] === undefined;

const isLong = (request: FastifyRequest): boolean =>
  !hasLength(request) || Number(request.headers['content-length']) > request.routeOptions.bodyLimit;

/** Whether the connection must end with the answer: Node would go on reading a long body that nobody looks at. */
export const leavesMuchUnread = (request: FastifyRequest): boolean =>
  isLong(request) && (BODYLESS.includes(request.method) || (takesNoBody(request) && hasLength(request)));

/** As `leavesMuchUnread`, of who was refused, which may have been before their body was looked at. */
export const isRefusedUnread = (request: FastifyRequest): boolean =>
  !request.raw.readableDidRead && isLong(request);

/** A body that is not asked for is none, of whatever type and length; what is not there is told before its body is waited for. */
export function passOverBodies(server: FastifyInstance): void {
  server.addHook('onRequest', (request, _reply, done) => {
    const isPassedOver = takesNoBody(request) && hasLength(request);
    // A type that is none is refused before any parser is asked.
    if (takesNoBody(request)) delete request.headers['content-type'];
    if (isPassedOver) delete request.headers['content-length'];
    done(isPassedOver && request.is404 ? new NotFoundException() : undefined);
  });
}
