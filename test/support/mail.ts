import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import { DispatcherService } from '../../src/platform/outbox/dispatcher.service.js';
import type { TestApp } from './app.js';

/** A mail as it arrived. */
export interface Arrived extends Email {
  /** Whom the SMTP dialogue named. */
  recipients: string[];
  raw: string;
}

/** What to answer instead of taking a mail. */
interface Refusal {
  code: number;
  /** At which step of the dialogue. */
  at: 'RCPT' | 'DATA';
}

export interface MailServer {
  /** Variables of a process that sends its mails here. */
  env: { SMTP_URL: string; MAIL_FROM: string };
  mails: Arrived[];
  /** How each of them came: `user` where it was by credentials. */
  dialogues: { isEncrypted: boolean; user: string | undefined }[];
  refusal: Refusal | undefined;
  /** Mails to that address, the oldest first. */
  to(address: string): Arrived[];
  /** Goes away; `start` comes back at the same port. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** A server that wants credentials, and TLS: from the first byte (`smtps`) or by STARTTLS (`smtp`). Key and certificate in PEM. */
export interface SecureMail {
  protocol: 'smtp' | 'smtps';
  key: string;
  cert: string;
  user: string;
  password: string;
}

/** A real SMTP server, on a port of its own: open to everybody unless `secure` says otherwise. */
export async function startMailServer(secure?: SecureMail): Promise<MailServer> {
  const mails: Arrived[] = [];
  const dialogues: MailServer['dialogues'] = [];
  let port = 0;
  let server: SMTPServer;
  const refuse = (at: Refusal['at']) => {
    const { refusal } = mailServer;
    if (refusal?.at !== at) return undefined;
    return Object.assign(new Error('refused, with <c4n4ry@example.com> in it'), {
      responseCode: refusal.code,
    });
  };
  const start = async () => {
    server = new SMTPServer({
      ...(secure
        ? { secure: secure.protocol === 'smtps', key: secure.key, cert: secure.cert }
        : { authOptional: true, disabledCommands: ['STARTTLS', 'AUTH'] }),
      onAuth: ({ username, password }, _session, done) =>
        username === secure?.user && password === secure?.password
          ? done(null, { user: username })
          : done(new Error(`no, ${password} is wrong`)),
      onRcptTo: (_address, _session, done) => done(refuse('RCPT')),
      onData: (stream, { envelope, secure: isEncrypted, user }, done) => {
        void buffer(stream).then(async (bytes) => {
          const refused = refuse('DATA');
          const recipients = envelope.rcptTo.map(({ address }) => address);
          if (!refused) mails.push({ ...(await PostalMime.parse(bytes)), recipients, raw: bytes.toString() });
          if (!refused) dialogues.push({ isEncrypted, user: user as string | undefined });
          done(refused);
        });
      },
    });
    server.on('error', () => undefined);
    server.listen(port, '127.0.0.1');
    await once(server.server, 'listening');
    ({ port } = server.server.address() as AddressInfo);
    mailServer.env.SMTP_URL = `smtp://127.0.0.1:${port}`;
  };
  const mailServer: MailServer = {
    env: { SMTP_URL: '', MAIL_FROM: 'Gatehouse <no-reply@gatehouse.example>' },
    mails,
    dialogues,
    refusal: undefined,
    to: (address) => mails.filter(({ recipients }) => recipients.includes(address)),
    start,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
  await start();
  return mailServer;
}

/** Everything that is due is done, mails sent among it. */
export const drain = ({ app }: TestApp): Promise<void> => app.get(DispatcherService).drain();

/** The token that a mail shows, in its curl line. */
export function tokenIn(mail: Email | undefined): string {
  const [, token] = /"token":"([\w-]{43})"/.exec(mail?.text ?? '') ?? [];
  if (!token) throw new Error(`no token in: ${mail?.subject} ${mail?.text}`);
  return token;
}
