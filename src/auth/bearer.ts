import type { FastifyRequest } from 'fastify';

const credentials = /^Bearer +([^\s,]+)$/i;

/** The token of the request's one `Authorization: Bearer` header (RFC 6750 §2.1), or undefined. */
export function bearerToken(request: FastifyRequest): string | undefined {
  const header = request.headers.authorization;
  if (header === undefined) return undefined;
  // Node keeps the first of several and drops the rest: who sends two is not understood.
  let seen = 0;
  const raw = request.raw.rawHeaders;
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]?.length === 13 && raw[i]?.toLowerCase() === 'authorization') seen += 1;
  }
  return seen === 1 ? credentials.exec(header)?.[1] : undefined;
}
