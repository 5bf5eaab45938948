import { isUtf8 } from 'node:buffer';
import { createInterface } from 'node:readline';
import { Writable, type Readable } from 'node:stream';
import { CommandError } from './operator.command.js';

/** More than any password may have: what is longer is refused, and need not be read to its end. */
const READ_MAX_BYTES = 1_024;

/** A password from standard input: typed unseen where that is a terminal, else all there is but one line end at its end. */
export function readPassword(): Promise<string> {
  return process.stdin.isTTY ? promptedPassword(process.stdin, process.stderr) : passwordIn(process.stdin);
}

/** All of `input` but one LF or CRLF at its end. @throws CommandError where it is not UTF-8 */
export async function passwordIn(input: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of input as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > READ_MAX_BYTES) break;
  }
  const bytes = Buffer.concat(chunks);
  if (size <= READ_MAX_BYTES && !isUtf8(bytes)) throw new CommandError('The password must be in UTF-8.', 2);
  return bytes.toString().replace(/\r?\n$/, '');
}

/** A line of the terminal `input`, asked for on `output` but not shown there. @throws CommandError where it is given up */
export function promptedPassword(input: Readable, output: Writable): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  // In terminal mode readline does the echoing, here to nowhere, and knows the keys that correct and interrupt.
  const terminal = createInterface({ input, output: nowhere, terminal: true });
  output.write('Password: ');
  return new Promise<string>((resolve, reject) => {
    terminal.once('line', resolve);
    terminal.once('close', () => reject(new CommandError('No password was given; nothing was changed.', 1)));
  }).finally(() => {
    terminal.close();
    output.write('\n');
  });
}
