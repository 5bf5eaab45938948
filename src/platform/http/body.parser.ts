import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import secureJson from 'secure-json-parse';
import { AppError } from '../errors/app.errors.js';
import { httpErrors } from '../errors/http.errors.js';
import { takesNoBody } from './unread-bodies.js';

/** Deeper than anything documented; recursion over a parsed body stays far from the stack's end. */
const MAX_DEPTH = 32;

/** JSON bodies and no others, read strictly: valid UTF-8, no `__proto__`, no bottomless nesting. */
export function parseJsonBodiesOnly(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      done(null, parse(request, body as Buffer));
    } catch (error) {
      done(error as Error, undefined);
    }
  });
}

function parse(request: FastifyRequest, body: Buffer): unknown {
  if (takesNoBody(request)) return undefined;
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  const encoding = request.headers['content-encoding'];
  if (type !== 'application/json' || (encoding !== undefined && encoding !== 'identity')) {
    throw new AppError(httpErrors.unsupported_media_type);
  }
  if (body.length === 0) return undefined;
  if (!isUtf8(body) || isDeep(body)) throw new AppError(httpErrors.invalid_json);
  try {
    return secureJson.parse(body, undefined, { protoAction: 'error', constructorAction: 'error' });
  } catch {
    // The parser's message quotes the body.
    throw new AppError(httpErrors.invalid_json);
  }
}

/** Whether brackets outside strings ever nest deeper than `MAX_DEPTH`. */
function isDeep(body: Buffer): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < body.length; i += 1) {
    const byte = body[i];
    if (inString) {
      if (byte === 0x5c /* \ */) i += 1;
      else if (byte === 0x22 /* " */) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x7b /* { */ || byte === 0x5b /* [ */) {
      depth += 1;
      if (depth > MAX_DEPTH) return true;
    } else if (byte === 0x7d /* } */ || byte === 0x5d /* ] */) depth -= 1;
  }
  return false;
}
