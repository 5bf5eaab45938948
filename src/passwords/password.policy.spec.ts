import { describe, expect, it } from '@jest/globals';
import { passwordFaults } from './password.policy.js';

const faultsOf = (password: string, email = 'ada.lovelace@example.com', minCharacters = 8) =>
  passwordFaults(password, { minCharacters, email });

const INVALID = 'The password field contains an invalid character.';
const SHORT = 'The password field must be at least 8 characters.';
const LONG = 'The password field must be at most 72 bytes.';
const EMAIL = 'The password field must not be the email address.';
const COMMON = 'The password field must not be a commonly used password.';

describe('passwordFaults', () => {
  it.each([
    ['mySecur€Password!'],
    ['        '],
    ['correct horse battery staple'],
    ['ä'.repeat(36)],
    ['😀'.repeat(8)],
    // No rule asks for kinds of characters.
    ['jkqmvxzw'],
  ])('accepts %j', async (password) => {
    expect(await faultsOf(password)).toEqual([]);
  });

  it.each([
    ['fjord7x', [SHORT]],
    ['😀'.repeat(7), [SHORT]],
    ['a'.repeat(73), [LONG]],
    ['ä'.repeat(36) + 'b', [LONG]],
    ['long enough\0', [INVALID]],
    ['long enough\ud800', [INVALID]],
    ['ada.lovelace@example.com', [EMAIL]],
    ['ADA.Lovelace', [EMAIL]],
    ['password123', [COMMON]],
    ['PassWord123', [COMMON]],
  ])('refuses %j', async (password, faults) => {
    expect(await faultsOf(password)).toEqual(faults);
  });

  it('tells every rule that is broken', async () => {
    expect(await faultsOf('123\0', '123\0')).toEqual([INVALID, SHORT, EMAIL]);
    expect(await faultsOf('12345')).toEqual([SHORT, COMMON]);
  });

  it('takes the shortest length from its caller', async () => {
    expect(await faultsOf('fourteen chars', undefined, 15)).toEqual([
      'The password field must be at least 15 characters.',
    ]);
    expect(await faultsOf('fifteen  chars.', undefined, 15)).toEqual([]);
  });
});
