import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseConfig } from '../../src/platform/config/config.schema.js';
import { startApp, type TestApp } from '../support/app.js';
import { createDatabase } from '../support/database.js';
import { startProcess } from '../support/process.js';
import { createProtectedAccount, LOGIN_PATHS, tryLogin } from '../support/second-factor.js';

/** A window that came as text made a library accept ten steps: it is a number, and no more than it says. */
describe('TOTP_WINDOW_STEPS', () => {
  const parse = (text?: string) =>
    parseConfig(text === undefined ? {} : { TOTP_WINDOW_STEPS: text }).totpWindowSteps;

  it('is a number, 0, 1 or 2, and 1 where it is not set', () => {
    expect(['0', '1', '2', undefined, ''].map(parse)).toEqual([0, 1, 2, 1, 1]);
  });

  const refused = ['1.5', '3', '-1', ' 1', '1 ', ' ', '01', '1e0', '0x1', '+1', 'one', 'NaN', 'true', '10'];

  it.each(refused)('%j is refused, with its name and rule', (text) => {
    expect(() => parse(text)).toThrow(/^TOTP_WINDOW_STEPS: must be 0, 1 or 2$/);
  });

  it.each(['1.5', '3'])('%j stops the start', async (text) => {
    const database = await createDatabase();
    try {
      const started = startProcess(database, { TOTP_WINDOW_STEPS: text });
      await expect(started).rejects.toThrow('TOTP_WINDOW_STEPS: must be 0, 1 or 2');
    } finally {
      await database.drop();
    }
  });

  describe.each([0, 1, 2])('of %i', (window) => {
    let narrow: TestApp;
    beforeAll(async () => {
      narrow = await startApp({ env: { TOTP_WINDOW_STEPS: String(window) } });
    });
    afterAll(() => narrow.close());

    it('accepts of the steps −25 … +25 exactly those within it, at either login', async () => {
      const steps = Array.from({ length: 51 }, (_, i) => i - 25);
      const accepted: number[] = [];
      for (const step of steps) {
        // To each step an account that has used no code yet.
        const account = await createProtectedAccount(narrow);
        const code = account.authenticator.code(narrow.clock.now(), step);
        const path = LOGIN_PATHS[step % 2 === 0 ? 0 : 1];
        if ((await tryLogin(narrow, account, { code }, path)).status === 200) accepted.push(step);
      }
      expect(accepted).toEqual(steps.slice(25 - window, 26 + window));
    }, 60_000);
  });
});
