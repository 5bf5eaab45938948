import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { post } from '../support/http.js';
import { drain, startMailServer, type MailServer } from '../support/mail.js';

const EVENTS = 12;

let mailServer: MailServer;
let receiver: Server;
let begun: number;
let t: TestApp;
beforeEach(async () => {
  mailServer = await startMailServer();
  begun = 0;
  // Takes what is posted, and never answers.
  receiver = createServer(() => (begun += 1));
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const { port } = receiver.address() as AddressInfo;
  const webhook = {
    WEBHOOK_URL: `http://127.0.0.1:${port}/`,
    WEBHOOK_SECRET: 'wh-8fK2mQ7xVt4ZrB9nLc3Yp6Ds1Jg5Ha0E',
  };
  t = await startApp({ env: { ...mailServer.env, ...webhook } });
});
afterEach(async () => {
  receiver.closeAllConnections();
  await t.close();
  receiver.close();
  await mailServer.stop();
});

it('a receiver of webhooks that hangs holds up no mail', async () => {
  const user = await t.createUser();
  for (let i = 1; i < EVENTS; i += 1) await t.createUser();
  await post(`${t.url}/v1/forgot-password`, { email: user.email });
  const drained = drain(t);
  while (mailServer.to(user.email).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(begun).toBeLessThan(EVENTS);
  receiver.closeAllConnections();
  receiver.close();
  await drained;
}, 90_000);
