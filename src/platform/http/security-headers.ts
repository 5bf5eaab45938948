import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance, onRequestHookHandler } from 'fastify';
import helmet, { type HelmetOptions } from 'helmet';

type Headers = Readonly<Record<string, string>>;

/** Helmet's headers under `options`: it would work the same ones out anew for every answer. */
function headersOf(options: HelmetOptions): Headers {
  const headers: Record<string, string> = {};
  const recorder = {
    setHeader: (name: string, value: string) => (headers[name.toLowerCase()] = value),
    removeHeader: () => undefined,
  };
  helmet(options)({} as IncomingMessage, recorder as unknown as ServerResponse, () => undefined);
  return headers;
}

const policy = (directives: Record<string, string[]>) => ({
  useDefaults: false as const,
  directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], ...directives },
});

/**
 * The headers by which a browser guards its user (OWASP ASVS 5.0 §3.4): JSON answers load nothing, and what only concerns pages or
 * plug-ins says nothing of them.
 */
export const apiHeaders = headersOf({
  contentSecurityPolicy: policy({}),
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
});

/** Swagger UI loads itself, with the style that its page carries inline. */
const swaggerUi = headersOf({
  contentSecurityPolicy: policy({
    scriptSrc: ["'self'"],
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", 'data:'],
    fontSrc: ["'self'"],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
  }),
});

const attach =
  (headers: Headers): onRequestHookHandler =>
  (_request, reply, done) => {
    void reply.headers(headers);
    done();
  };

/** Swagger UI's own, where others have `apiHeaders`. */
export function letSwaggerUiLoad(server: FastifyInstance): void {
  server.addHook('onRoute', (route) => {
    if (/^\/docs(\/|$)/.test(route.url))
      route.onRequest = [...[route.onRequest ?? []].flat(), attach(swaggerUi)];
  });
}
