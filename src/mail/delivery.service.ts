import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { SendMailOptions } from 'nodemailer';
import { Clock } from '../platform/clock/clock.service.js';
import { CONFIG, type Config } from '../platform/config/config.schema.js';
import { createPrivateFile } from '../platform/config/private-file.js';
import { JobFailure } from '../platform/outbox/failure.js';
import { CLOSED, smtpTransport } from './smtp.js';
import type { RenderedMail } from './templates.service.js';

const FALLBACK_SENDER = { name: 'Gatehouse', address: 'gatehouse@localhost' };

export interface Letter extends RenderedMail {
  /** The same for every attempt: who gets it twice can tell. */
  id: string;
  to: string;
}

/** Hands mails to the SMTP server, or writes them to files where there is none. */
@Injectable()
export class DeliveryService {
  private readonly logger = new Logger(DeliveryService.name);

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly clock: Clock,
  ) {}

  /** @throws JobFailure, permanent where the server refused this very mail for good */
  async deliver(letter: Letter, signal: AbortSignal): Promise<void> {
    const { smtpUrl, mailFrom: from = FALLBACK_SENDER } = this.config;
    const message: SendMailOptions = {
      // A copy: nodemailer writes into what it is given.
      from: { ...from },
      // An object, not a text: whatever the address holds, it is one recipient.
      to: { name: '', address: letter.to },
      subject: letter.subject,
      text: letter.text,
      html: letter.html,
      date: new Date(this.clock.now()),
      messageId: `<${letter.id}@${from.address.split('@').at(-1)}>`,
      // RFC 3834 §5: so that no robot answers.
      headers: { 'Auto-Submitted': 'auto-generated' },
    };
    if (smtpUrl === undefined) return this.write(letter.id, message);
    try {
      const transport = await smtpTransport(smtpUrl);
      await transport.sendMail({ ...message, signal });
    } catch (error) {
      throw smtpFailure(error);
    }
  }

  /** An `.eml` file, readable by its owner only: it can hold a token. */
  private async write(id: string, message: SendMailOptions): Promise<void> {
    const { createTransport } = await import('nodemailer');
    const transport = createTransport({ streamTransport: true, buffer: true, newline: 'unix', ...CLOSED });
    const { message: content } = await transport.sendMail(message);
    const folder = join(this.config.dataDir, 'outbox');
    const time = new Date(this.clock.now()).toISOString().replaceAll(':', '-');
    const file = join(folder, `${time}-${id}.eml`);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    createPrivateFile(file, (content as Buffer).toString('utf8'));
    this.logger.log({ msg: 'no SMTP_URL is set: a mail was written to a file', file });
  }
}

/** The server's own words stay out of it: they repeat addresses. */
function smtpFailure(error: unknown): unknown {
  const { code, command, responseCode } = error as {
    code?: string;
    command?: string;
    responseCode?: number;
  };
  // Not a failure of the dialogue, but one of ours.
  if (code === undefined) return error;
  const words = ['SMTP', code, command, responseCode].filter((word) => word !== undefined);
  // A login or a sender that is refused is for the operator to mend; a recipient or a message will not be taken tomorrow either.
  const isAboutMail = command === 'RCPT TO' || command === 'DATA';
  return new JobFailure(words.join(' '), isAboutMail && (responseCode ?? 0) >= 500);
}
