import type { LoggerService } from '@nestjs/common';
import { pino, type Logger as Pino } from 'pino';
import pretty from 'pino-pretty';

/** Bytes of lines that wait for a reader slower than we write; further ones are left out, or the memory would have no bound. */
const BACKLOG = 4_194_304;
/** How long an end waits for the last lines to be taken. */
const LAST_LINES_MS = 300;

/** Under load the lines of many requests share one write; on a quiet server a line waits a moment. An exit writes them all. */
const gathering = {
  dest: 1,
  sync: false,
  // Of the one long text that lines would be joined to, each further line would have the whole length counted again.
  contentMode: 'buffer',
  minLength: 16_000,
  maxLength: BACKLOG,
  periodicFlush: 100,
} as const;

/** A JSON line per event; in a terminal, the same made readable. `level` is one of pino's. */
export function createLogger(level: string): Pino {
  if (process.stdout.isTTY) {
    return pino(
      { level },
      pretty({ colorize: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l', sync: true }),
    );
  }
  const options = {
    level,
    base: null,
    timestamp: isoTime(),
    // Its typings know text only, and what it does with a line is to hand it on.
    hooks: { streamWrite: (line: string) => Buffer.from(line) as unknown as string },
  };
  const output = pino.destination(gathering);
  const logger = pino(options, output);
  let leftOut = 0;
  output.on('drop', () => (leftOut += 1));
  output.on('drain', () => {
    if (leftOut > 0)
      logger.warn({ msg: 'log lines were left out: nobody read them fast enough', lines: leftOut });
    leftOut = 0;
  });
  return logger;
}

/**
 * Resolves when the lines until now are written, or nobody has taken them for a moment. Before an exit: what is left then, pino tries to
 * write for ever where the reader is gone and no write has shown it yet.
 */
export function written(logger: Pino): Promise<void> {
  return new Promise((resolve) => {
    const patience = setTimeout(resolve, LAST_LINES_MS);
    logger.flush(() => {
      clearTimeout(patience);
      resolve();
    });
  });
}

/** As pino's own, but that many lines share one millisecond and its text. */
function isoTime(): () => string {
  let [instant, text] = [0, ''];
  return () => {
    const now = Date.now();
    if (now !== instant) [instant, text] = [now, `,"time":"${new Date(now).toISOString()}"`];
    return text;
  };
}

/** What Nest tells of putting itself together, at every start. */
const assembly = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

/** Lets Nest and our own `new Logger(Name)` write through pino. */
export class NestLogger implements LoggerService {
  constructor(private readonly pino: Pino) {}

  log(message: unknown, context?: string): void {
    this.write(context !== undefined && assembly.has(context) ? 'debug' : 'info', message, context);
  }
  error(message: unknown, ...rest: unknown[]): void {
    // Nest passes (message, stack, context) or (message, context).
    const context = rest.at(-1);
    this.write('error', message, typeof context === 'string' ? context : undefined);
  }
  warn(message: unknown, context?: string): void {
    this.write('warn', message, context);
  }
  debug(message: unknown, context?: string): void {
    this.write('debug', message, context);
  }
  verbose(message: unknown, context?: string): void {
    this.write('trace', message, context);
  }
  fatal(message: unknown, context?: string): void {
    this.write('fatal', message, context);
  }

  private write(
    level: 'info' | 'error' | 'warn' | 'debug' | 'trace' | 'fatal',
    message: unknown,
    context?: string,
  ): void {
    if (typeof message === 'object' && message !== null) this.pino[level]({ context, ...message });
    else this.pino[level]({ context }, String(message));
  }
}
