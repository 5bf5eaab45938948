import { createHash } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { CONFIG, type Config } from '../platform/config/config.schema.js';
import { describeCause } from '../platform/logging/cause.js';

/** The longest that setting a password waits for the answer. */
const PATIENCE_MS = 2_000;

/**
 * Asks a service of Have I Been Pwned's kind whether a password is in a known breach. It learns five hex digits of the password's
 * SHA-1, which hundreds of passwords share. Off unless configured; where it cannot be asked, the password is let through.
 */
@Injectable()
export class BreachedPasswordsService {
  private readonly logger = new Logger(BreachedPasswordsService.name);

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /** `requestId`: for the log. */
  async has(password: string, requestId?: string): Promise<boolean> {
    const { breachedPasswordsUrl } = this.config;
    if (breachedPasswordsUrl === undefined) return false;
    const digest = createHash('sha1').update(password).digest('hex').toUpperCase();
    try {
      const answer = await fetch(`${breachedPasswordsUrl}/${digest.slice(0, 5)}`, {
        // So that the length of the answer says nothing to who watches the line.
        headers: { 'add-padding': 'true' },
        redirect: 'error',
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      return isListed(await answer.text(), digest.slice(5));
    } catch (error) {
      this.logger.warn({
        msg: 'breached passwords could not be asked for: a password was let through',
        request_id: requestId,
        ...describeCause(error),
      });
      return false;
    }
  }
}

/** Each line is a suffix, a colon and how often it was seen: never, for padding. */
const isListed = (lines: string, suffix: string): boolean =>
  lines.split('\n').some((line) => {
    const [listed, count] = line.trim().split(':');
    return listed === suffix && Number(count) > 0;
  });
