import { Controller, Get, Header, Req, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiOkResponse,
  ApiOperation,
  ApiProduces,
  ApiServiceUnavailableResponse,
  ApiTags,
} from '@nestjs/swagger';
import type { HealthCheckResult } from '@nestjs/terminus';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { bearerToken } from '../auth/bearer.js';
import { Public } from '../auth/guards/public.decorator.js';
import { AppError } from '../platform/errors/app.errors.js';
import { httpErrors } from '../platform/errors/http.errors.js';
import { sessionsErrors } from '../sessions/sessions.errors.js';
import { MetricsService } from './metrics.service.js';
import { HealthBody } from './health.dto.js';
import { ReadinessService } from './readiness.service.js';

/** What watches over a copy asks it: is it alive, is it ready, how is it doing. */
@ApiTags('operations')
@Public()
@Controller()
export class OperationsController {
  constructor(
    private readonly readiness: ReadinessService,
    private readonly metrics: MetricsService,
  ) {}

  @Get('healthz')
  @Header('cache-control', 'no-store')
  @ApiOperation({ operationId: 'isAlive', summary: 'Alive: it answers. Asks nobody else' })
  @ApiOkResponse({ schema: { example: { status: 'ok' } } })
  isAlive(): object {
    return { status: 'ok' };
  }

  @Get('readyz')
  @Header('cache-control', 'no-store')
  @ApiOperation({
    operationId: 'isReady',
    summary: 'Ready: send it requests. Database, migrations, revocations; no while it closes',
  })
  @ApiOkResponse({ type: HealthBody })
  @ApiServiceUnavailableResponse({ type: HealthBody, description: 'Send requests to another copy.' })
  async isReady(@Res({ passthrough: true }) reply: FastifyReply): Promise<HealthCheckResult> {
    const result = await this.readiness.check();
    void reply.code(result.status === 'ok' ? 200 : 503);
    return result;
  }

  @Get('metrics')
  @Header('cache-control', 'no-store')
  @ApiBearerAuth()
  @ApiOperation({
    operationId: 'readMetrics',
    summary: 'Metrics for Prometheus; the token is METRICS_TOKEN. Not here where MANAGEMENT_PORT is set',
  })
  @ApiProduces('text/plain')
  @ApiOkResponse({ schema: { type: 'string' } })
  async read(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    if (this.metrics.isElsewhere) throw new AppError(httpErrors.not_found);
    if (!this.metrics.accepts(bearerToken(request)))
      throw new AppError(sessionsErrors.token_rejected, { reason: 'no_metrics_token' });
    void reply.type(this.metrics.contentType);
    return this.metrics.read();
  }
}
