import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD } from '../support/app.js';
import { createDatabase } from '../support/database.js';
import { post } from '../support/http.js';
import { eventually } from '../support/keys.js';
import { startMailServer, tokenIn, type MailServer } from '../support/mail.js';
import { startProcess, type ServerProcess } from '../support/process.js';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
if (!hasOpenssl) console.info('mail by TLS: needs openssl; skipped');

const EMAIL = 'new@example.com';
const USER = 'gatehouse@example.com';
const SECRET = 'p@ss/wörd %41';

(hasOpenssl ? describe : describe.skip)('a mail server that wants credentials and TLS', () => {
  let folder: string;
  let certificate: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-tls-'));
    certificate = join(folder, 'certificate.pem');
    const subject = ['-subj', '/CN=a private authority', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    const files = ['-keyout', join(folder, 'key.pem'), '-out', certificate];
    const made = spawnSync('openssl', ['req', ...kind, ...subject, ...files], { encoding: 'utf8' });
    if (made.status !== 0) throw new Error(made.stderr);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Registers at a server that sends its mails to `protocol` of a mail server with these credentials. */
  async function registering(
    protocol: 'smtp' | 'smtps',
    env: Record<string, string>,
    look: (mail: MailServer, server: ServerProcess) => Promise<void>,
    password = SECRET,
  ): Promise<void> {
    const [key, cert] = [join(folder, 'key.pem'), certificate].map((file) => readFileSync(file, 'utf8'));
    const secure = { protocol, key: key ?? '', cert: cert ?? '', user: USER, password: SECRET };
    const mail = await startMailServer(secure);
    const database = await createDatabase();
    const { host } = new URL(mail.env.SMTP_URL);
    const server = await startProcess(database, {
      ...mail.env,
      SMTP_URL: `${protocol}://${encodeURIComponent(USER)}:${encodeURIComponent(password)}@${host}`,
      REGISTRATION: 'open',
      ...env,
    });
    try {
      expect((await post(`${server.url}/v1/register`, { email: EMAIL, password: PASSWORD })).status).toBe(
        202,
      );
      await look(mail, server);
      for (const secret of [password, encodeURIComponent(password)])
        expect(server.output()).not.toContain(secret);
    } finally {
      await server.end();
      await mail.stop();
      await database.drop();
    }
  }
  const refused = (server: ServerProcess, reason: RegExp) => eventually(() => reason.test(server.output()));

  it.each(['smtp', 'smtps'] as const)(
    '%s: gets the mail, encrypted, from who is trusted to send it',
    async (protocol) => {
      await registering(protocol, { NODE_EXTRA_CA_CERTS: certificate }, async (mail, server) => {
        await eventually(() => mail.to(EMAIL).length === 1);
        expect(mail.dialogues).toEqual([{ isEncrypted: true, user: USER }]);
        const token = tokenIn(mail.to(EMAIL)[0]);
        expect((await post(`${server.url}/v1/verify-email`, { token })).status).toBe(204);
      });
    },
  );

  it.each(['smtp', 'smtps'] as const)(
    '%s: gets nothing where nobody vouches for its certificate',
    async (protocol) => {
      await registering(protocol, {}, async (mail, server) => {
        await refused(server, /to be tried again.*"reason":"SMTP \w+ (CONN|STARTTLS)/);
        expect(mail.mails).toEqual([]);
      });
    },
  );

  it('is asked again later where it does not take the credentials', async () => {
    await registering(
      'smtp',
      { NODE_EXTRA_CA_CERTS: certificate },
      async (mail, server) => {
        await refused(server, /to be tried again.*"reason":"SMTP EAUTH/);
        expect(mail.mails).toEqual([]);
      },
      'another p@ssw%rd',
    );
  });
});
