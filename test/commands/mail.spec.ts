import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD } from '../support/app.js';
import { createDatabase, type TestDatabase } from '../support/database.js';
import { post } from '../support/http.js';
import { startMailServer, type MailServer } from '../support/mail.js';
import { startProcess, TEST_ENV, type ServerProcess } from '../support/process.js';
import { gatehouse, type Outcome } from './gatehouse.js';

interface Listed {
  mails: { id: string; kind: string; to: string | null; state: string; last_error: string | null }[];
}

let database: TestDatabase;
let mailServer: MailServer;
let server: ServerProcess;
beforeAll(async () => {
  database = await createDatabase();
  mailServer = await startMailServer();
  server = await startProcess(database, { ...mailServer.env, REGISTRATION: 'open' });
}, 60_000);
afterAll(async () => {
  await server.end();
  await mailServer.stop();
  await database.drop();
});

const run = (...args: string[]): Promise<Outcome> =>
  gatehouse(database, ['mail', ...args], {
    env: { JWT_SECRET: TEST_ENV.JWT_SECRET, ENCRYPTION_KEY: TEST_ENV.ENCRYPTION_KEY },
  });
const list = async (...args: string[]) =>
  (JSON.parse((await run('list', '--json', ...args)).stdout) as Listed).mails;
async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !condition(); i += 1) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(condition()).toBe(true);
}

describe('gatehouse mail', () => {
  it('says that there is none', async () => {
    expect(await run('list')).toMatchObject({ code: 0, stdout: 'No mails.\n' });
  });

  it('shows what failed and why, and has the server try again', async () => {
    mailServer.refusal = { code: 550, at: 'RCPT' };
    await post(`${server.url}/v1/register`, { email: 'new@example.com', password: PASSWORD });
    await until(() => server.output().includes('given up'));
    const [failed, ...others] = await list('--failed');
    expect(others).toEqual([]);
    expect(failed).toMatchObject({
      kind: 'mail.send',
      template: 'verify-email',
      to: 'new@example.com',
      state: 'failed',
      attempts: 1,
      next_attempt_at: null,
      last_error: 'SMTP EENVELOPE RCPT TO 550',
    });
    expect(await list()).toHaveLength(2);
    const { stdout } = await run('list');
    expect(stdout).toContain('verify-email');
    expect(stdout).not.toContain('token');
    mailServer.refusal = undefined;
    expect(await run('retry', '--all')).toMatchObject({ code: 0, stdout: 'To be sent again: 1.\n' });
    await until(() => mailServer.to('new@example.com').length === 1);
    expect(await list('--failed')).toEqual([]);
    // What was sent is not sent again.
    expect(await run('retry', failed?.id ?? '')).toMatchObject({ code: 1, stdout: '' });
  });

  it.each([[['retry']], [['retry', 'x', '--all']]])('%j is a mistake', async (args) => {
    const { code, stderr } = await run(...args);
    expect(code).toBe(2);
    expect(stderr).toContain('give either an id or --all');
  });
});
