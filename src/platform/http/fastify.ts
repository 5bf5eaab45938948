import type { AppError } from '../errors/app.errors.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whoever the guards let in. */
    user?: unknown;
    /** The error that was answered, for the log. */
    failure?: AppError;
  }
  interface FastifyContextConfig {
    /** The route takes no body, and one sent is not read, of whatever type. */
    ignoresBody?: boolean;
    /** What the audit calls a refusal by this route; `request.refused` where it says nothing. */
    refusalEvent?: string;
    /** The route takes an e-mail and a password. */
    isLogin?: boolean;
  }
}
