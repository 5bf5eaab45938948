import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { AccountsService } from '../../src/admin/accounts.service.js';
import { startApp, type TestApp } from '../support/app.js';

let t: TestApp;
beforeAll(async () => {
  t = await startApp();
});
afterAll(() => t.close());

it('a public id of digits, which an import may bring, is never taken for the number of another account', async () => {
  const [victim, meant] = [await t.createUser(), await t.createUser()];
  const digits = String(victim.id).padStart(8, '0');
  await t.dataSource.query('UPDATE users SET public_id = $1 WHERE id = $2', [digits, meant.id]);
  const accounts = t.app.get(AccountsService);
  await expect(accounts.disable(digits)).rejects.toMatchObject({ definition: { code: 'user_not_found' } });
  // By names that only one of them has, each is found.
  expect(await accounts.disable({ publicId: digits })).toMatchObject({ id: meant.id });
  expect(await accounts.find(String(victim.id))).toMatchObject({ id: victim.id, disabledAt: null });
});
