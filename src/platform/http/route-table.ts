import type { FastifyInstance } from 'fastify';
import createRouter, { type HTTPMethod } from 'find-my-way';

/** No shorter than a path can be: the router would know no longer ones, and say so before a guard is asked. */
export const MAX_PARAM_LENGTH = 16_384;

/** Every registered route, matched as the server matches it: tells a wrong method (405) from an unknown path (404). */
export class RouteTable {
  private readonly byMethod = new Map<string, ReturnType<typeof createRouter>>();
  readonly routes: { method: string; url: string }[] = [];

  /** Of the routes that `server` is given from now on. */
  constructor(server: FastifyInstance) {
    server.addHook('onRoute', ({ method, url }) => {
      // Not the one by which CORS answers every preflight: no path would be unknown any more.
      if (url !== '*') for (const each of [method].flat()) this.add(each, url);
    });
  }

  /** The methods that `path` answers, in the order of their registration. */
  methodsOf(path: string): string[] {
    // The router takes whatever comes first for the slash.
    if (!path.startsWith('/')) return [];
    return [...this.byMethod].flatMap(([method, router]) =>
      router.find(method as HTTPMethod, path) ? [method] : [],
    );
  }

  private add(method: string, url: string): void {
    const router = this.byMethod.get(method) ?? createRouter({ maxParamLength: MAX_PARAM_LENGTH });
    this.byMethod.set(method, router);
    if (!router.hasRoute(method as HTTPMethod, url)) router.on(method as HTTPMethod, url, () => undefined);
    this.routes.push({ method, url });
  }
}
