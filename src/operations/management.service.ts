import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { CONFIG, type Config } from '../platform/config/config.schema.js';
import { MetricsService } from './metrics.service.js';
import { ReadinessService } from './readiness.service.js';

interface Page {
  status: number;
  type: string;
  text: string;
}

const json = (status: number, body: object): Page => ({
  status,
  type: 'application/json',
  text: JSON.stringify(body),
});

/** Health, readiness and metrics on MANAGEMENT_PORT: for the network that watches, not for the world. Serves until the very end. */
@Injectable()
export class ManagementService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(ManagementService.name);
  private server: Server | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly readiness: ReadinessService,
    private readonly metrics: MetricsService,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const { managementPort, managementHost } = this.config;
    if (managementPort === undefined) return;
    this.server = createServer({ requestTimeout: 10_000 }, (request, response) => {
      this.page(request).then(
        (page) => write(response, page),
        () => write(response, json(500, { message: 'Internal Server Error.' })),
      );
    });
    this.server.listen(managementPort, managementHost);
    await once(this.server, 'listening');
    const { address, port } = this.server.address() as AddressInfo;
    this.logger.log({ msg: 'management listening', address, port });
  }

  onApplicationShutdown(): void {
    this.server?.close();
    this.server?.closeAllConnections();
  }

  private async page({ method, url = '/', headers }: IncomingMessage): Promise<Page> {
    if (method !== 'GET' && method !== 'HEAD') return json(405, { message: 'Method Not Allowed.' });
    const path = url.split('?', 1)[0];
    if (path === '/healthz') return json(200, { status: 'ok' });
    if (path === '/readyz') {
      const result = await this.readiness.check();
      return json(result.status === 'ok' ? 200 : 503, result);
    }
    if (path !== '/metrics') return json(404, { message: 'Not Found.' });
    const token = /^Bearer +([^\s,]+)$/i.exec(headers.authorization ?? '')?.[1];
    if (this.config.metricsToken !== undefined && !this.metrics.accepts(token))
      return json(401, { message: 'Authentication credentials are required.' });
    return { status: 200, type: this.metrics.contentType, text: await this.metrics.read() };
  }
}

function write(response: ServerResponse, { status, type, text }: Page): void {
  response.writeHead(status, {
    'content-type': type,
    'cache-control': 'no-store',
    ...(status === 401 && { 'www-authenticate': 'Bearer' }),
  });
  response.end(text);
}
