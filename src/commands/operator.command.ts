import { Command, type HelpContext } from 'commander';
import { PROGRAM } from '../platform/package.js';

/** What others have written, such as a recording, is not to move the cursor or retitle the window. */
const controls = /[^\P{Cc}\n]/gu;
const visible = (control: string): string => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`;

/** Ends a command. Its message is the one line that the operator sees, and says what to do next. */
export class CommandError extends Error {
  override readonly name = 'CommandError';

  constructor(
    message: string,
    /** 2: what was given is wrong; 1: it was right and still did not work. */
    readonly exitCode: 1 | 2,
  ) {
    super(message);
  }
}

/** A command whose mistakes are a `CommandError`, and whose help ends with an example. */
export class OperatorCommand extends Command {
  /** Adds an example to the help: `line` is what follows the program's name, `before` what precedes it. */
  example(line: string, before = ''): this {
    return this.addHelpText('after', `\nExample:\n  ${before}${PROGRAM} ${line}`);
  }

  /** Prints the result: where `--json` is given as one JSON document, else as `text`. */
  print(value: unknown, text: string): void {
    const { json } = this.optsWithGlobals<{ json?: true }>();
    process.stdout.write(`${json ? JSON.stringify(value) : text.replaceAll(controls, visible)}\n`);
  }

  override createCommand(name?: string): OperatorCommand {
    return new OperatorCommand(name);
  }

  override error(message: string): never {
    const fault = message
      .replace(/^error: /, '')
      .replace(/\.$/, '')
      // `--password=…`: nobody's secret belongs into somebody's log.
      .replace(/^(unknown option '[^=]*)=.*'/s, "$1'");
    throw new CommandError(`${fault}; see: ${this.path()} --help`, 2);
  }

  override help(context?: HelpContext | ((text: string) => string)): never {
    if (typeof context === 'object' && context.error) this.error('missing command');
    return super.help(context as HelpContext);
  }

  private path(): string {
    return this.parent instanceof OperatorCommand ? `${this.parent.path()} ${this.name()}` : this.name();
  }
}
