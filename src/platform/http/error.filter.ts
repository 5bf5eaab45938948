import { STATUS_CODES } from 'node:http';
import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../clock/clock.service.js';
import { databaseFault } from '../database/database.errors.js';
import { AppError, type ErrorDefinition } from '../errors/app.errors.js';
import { httpErrors } from '../errors/http.errors.js';
import { describeCause } from '../logging/cause.js';
import { pathOf, type Contracts } from './contract.js';
import type { RecordRefusal } from './refusal.js';
import type { RouteTable } from './route-table.js';
import { isRefusedUnread } from './unread-bodies.js';

/** Fastify's and the router's own refusals, by their code. */
const byFastifyCode: Record<string, ErrorDefinition> = {
  FST_ERR_CTP_BODY_TOO_LARGE: httpErrors.payload_too_large,
  FST_ERR_CTP_INVALID_MEDIA_TYPE: httpErrors.unsupported_media_type,
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: httpErrors.bad_request,
  FST_ERR_BAD_URL: httpErrors.bad_request,
};

const byStatus: Record<number, ErrorDefinition> = {
  400: httpErrors.bad_request,
  401: httpErrors.unauthorized,
  403: httpErrors.forbidden,
  404: httpErrors.not_found,
  405: httpErrors.method_not_allowed,
  408: httpErrors.request_timeout,
  413: httpErrors.payload_too_large,
  414: httpErrors.uri_too_long,
  415: httpErrors.unsupported_media_type,
  429: httpErrors.too_many_requests,
  431: httpErrors.header_fields_too_large,
  503: httpErrors.service_unavailable,
};

/** A refusal of Nest's or a package's that the catalogue has no entry for, such as 412 and 416 of a file: as HTTP names it. */
function unlisted(status: number): ErrorDefinition | undefined {
  if (status < 400 || status > 499) return undefined;
  return { code: `http_${status}`, status, sentence: `${STATUS_CODES[status] ?? 'Bad Request'}.` };
}

/** Every 429 and 503 says when to come back: in a second, unless a module of one's own has said. */
const retryAfter = ({ status }: ErrorDefinition, reply: FastifyReply): { retryAfterSeconds?: number } =>
  (status === 429 || status === 503) && !reply.hasHeader('retry-after') ? { retryAfterSeconds: 1 } : {};

/**
 * How long the answer to somebody over a limit waits, in milliseconds: whoever asks again at once does so this much less often, and
 * takes the event loop from nobody else.
 */
const REFUSAL_PAUSE_MS = 28;

/** Turns whatever was thrown, by us, Nest, Fastify or the database, into the contract's documented body. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger(ErrorFilter.name);

  constructor(
    private readonly contracts: Contracts,
    private readonly routes: RouteTable,
    private readonly clock: Clock,
    private readonly recordRefusal: RecordRefusal,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const answer = () =>
      this.answer(thrown, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
    const isOverALimit = thrown instanceof AppError && thrown.definition.status === 429;
    if (isOverALimit) setTimeout(answer, REFUSAL_PAUSE_MS);
    else answer();
  }

  /** Writes the answer for `thrown`; also for errors that never reach Nest. */
  answer(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const path = pathOf(request.url);
    const error = this.named(thrown, path, reply);
    request.failure = error;
    if (error.definition.status >= 500) {
      this.logger.error({
        request_id: request.id,
        code: error.definition.code,
        ...describeCause(error.context.cause),
      });
    }
    const scene = { path, requestId: request.id, now: this.clock.now() };
    const { status, body } = this.contracts.of(path).describe(error, scene);
    this.recordRefusal({ request, error, status });
    // A handler that died after its answer began cannot answer again.
    if (reply.sent || reply.raw.headersSent) return;
    if (isRefusedUnread(request)) void reply.header('connection', 'close');
    void reply.code(status).headers(headersOf(status, error)).send(body);
  }

  private named(thrown: unknown, path: string, reply: FastifyReply): AppError {
    if (thrown instanceof AppError) return thrown;
    // Refusals first: a client that leaves in the middle of its body resets a connection too, and no database's.
    const definition = this.refusal(thrown);
    if (!definition) return databaseFault(thrown) ?? new AppError(httpErrors.internal, { cause: thrown });
    if (definition === httpErrors.not_found || definition === httpErrors.method_not_allowed) {
      const { method } = reply.request;
      const methods = this.routes.methodsOf(path);
      // A method that the path has can still be refused: then it was the resource that is not there, or the route that says 405.
      const isWrong = methods.length > 0 && !methods.includes(method);
      if (isWrong || definition === httpErrors.method_not_allowed) {
        const allow = methods.filter((each) => each !== method);
        return new AppError(httpErrors.method_not_allowed, { allow });
      }
    }
    return new AppError(definition, { cause: thrown, ...retryAfter(definition, reply) });
  }

  private refusal(thrown: unknown): ErrorDefinition | undefined {
    if (thrown instanceof HttpException) return byStatus[thrown.getStatus()] ?? unlisted(thrown.getStatus());
    const { code, statusCode } = (thrown ?? {}) as { code?: unknown; statusCode?: unknown };
    if (typeof code === 'string' && code in byFastifyCode) return byFastifyCode[code];
    return typeof statusCode === 'number' ? (byStatus[statusCode] ?? unlisted(statusCode)) : undefined;
  }
}

function headersOf(status: number, { context }: AppError): Record<string, string> {
  return {
    'cache-control': 'no-store',
    // RFC 9110 §11.6.1 asks every 401 for a challenge, §15.5.6 every 405 for the methods there are.
    ...(status === 401 && { 'www-authenticate': 'Bearer' }),
    ...(context.allow && { allow: context.allow.join(', ') }),
    ...(context.retryAfterSeconds !== undefined && { 'retry-after': String(context.retryAfterSeconds) }),
  };
}
