import { expect, it } from '@jest/globals';
import type { Piscina } from 'piscina';
import type { Config } from '../platform/config/config.schema.js';
import type { BreachedPasswordsService } from './breached-passwords.service.js';
import { PasswordsService } from './passwords.service.js';

const config = { passwordHash: 'bcrypt', bcryptCost: 4, loginQueueMaxWaitMs: 1_000 } as Config;

// bcrypt that is loaded by a thread which is ended meanwhile aborts the process, once in some hundred times.
it('ends no thread before it has loaded what it runs', async () => {
  const passwords = new PasswordsService(config, {} as BreachedPasswordsService);
  passwords.warmUp();
  const { threads } = (passwords as unknown as { started: Piscina }).started;
  const seen: string[] = [];
  for (const thread of threads) {
    thread.once('message', () => seen.push('loaded'));
    thread.once('exit', () => seen.push('ended'));
  }
  await passwords.onApplicationShutdown();
  const each = (what: string) => threads.map(() => what);
  expect(threads.length).toBeGreaterThan(0);
  expect(seen).toEqual([...each('loaded'), ...each('ended')]);
});
