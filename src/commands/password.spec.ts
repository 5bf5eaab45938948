import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { passwordIn, promptedPassword } from './password.js';

describe('passwordIn', () => {
  it.each([
    ['no line end', 'secret word', 'secret word'],
    ['LF', 'secret word\n', 'secret word'],
    ['CRLF', 'secret word\r\n', 'secret word'],
    ['one of two line ends', 'secret word\n\n', 'secret word\n'],
    ['no CR of its own', 'secret word\r', 'secret word\r'],
    ['no blanks', '  secret word \t\n', '  secret word \t'],
    ['no line end inside', 'secret\nword\n', 'secret\nword'],
    ['no byte order mark', '\ufeffsecret word', '\ufeffsecret word'],
    ['nothing', '', ''],
  ])('drops %s', async (_what, given, password) => {
    // Byte by byte: a character, and a CRLF, may come in pieces.
    const bytes = Array.from(Buffer.from(`€${given}`), (byte) => Buffer.from([byte]));
    expect(await passwordIn(Readable.from(bytes))).toBe(`€${password}`);
  });

  it('refuses what is not UTF-8, instead of setting a password that nobody can type', async () => {
    const input = Readable.from([Buffer.from([0x70, 0xff, 0x70])]);
    await expect(passwordIn(input)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('UTF-8'),
    });
  });

  it('stops reading what is too long for any password', async () => {
    const input = Readable.from(
      (function* () {
        for (;;) yield Buffer.from('€'.repeat(100));
      })(),
    );
    const { length } = Buffer.from(await passwordIn(input));
    expect(length).toBeGreaterThan(72);
    expect(length).toBeLessThan(5_000);
  });
});

describe('promptedPassword', () => {
  function terminal(keys: string): { password: Promise<string>; shown: Promise<string> } {
    const [input, output] = [new PassThrough(), new PassThrough()];
    const password = promptedPassword(input, output).finally(() => output.end());
    input.write(keys);
    return { password, shown: text(output) };
  }

  it('reads a line, and never shows it', async () => {
    const { password, shown } = terminal('secret worx\u007fd\r');
    expect(await password).toBe('secret word');
    expect(await shown).toBe('Password: \n');
  });

  it.each([
    ['Ctrl-C', 'secret\u0003'],
    ['Ctrl-D', '\u0004'],
  ])('ends at %s', async (_key, keys) => {
    await expect(terminal(keys).password).rejects.toMatchObject({ exitCode: 1 });
  });
});
