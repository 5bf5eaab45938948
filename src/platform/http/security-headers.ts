import helmet, { type FastifyHelmetOptions } from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';

const policy = (directives: Record<string, string[]>): FastifyHelmetOptions => ({
  contentSecurityPolicy: { useDefaults: false, directives: { frameAncestors: ["'none'"], ...directives } },
});

/** JSON answers load nothing. Swagger UI loads itself, with the style that its page carries inline. */
const api = policy({ defaultSrc: ["'none'"] });
const swaggerUi = policy({
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'", "'unsafe-inline'"],
  imgSrc: ["'self'", 'data:'],
  fontSrc: ["'self'"],
  connectSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
});

/** The headers by which a browser guards its user (OWASP ASVS 5.0 §3.4). */
export async function protectBrowsers(server: FastifyInstance): Promise<void> {
  server.addHook('onRoute', (route) => {
    if (/^\/docs(\/|$)/.test(route.url)) Object.assign(route, { helmet: swaggerUi });
  });
  await server.register(helmet, api);
}
