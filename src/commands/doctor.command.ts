import type { OperatorCommand } from './operator.command.js';

/** `doctor`: what is wrong with this set-up, and what to do about it. Exit code 1 where anything fails. */
export function addDoctor(program: OperatorCommand): void {
  program
    .command('doctor')
    .description(
      'Look at settings, keys, files, database, clock, Redis and hashing: each line ok, warn or fail, with its remedy. Changes nothing.',
    )
    .example('doctor')
    .action(async (_options: object, command: OperatorCommand) => {
      const [{ diagnose }, { Clock }] = await Promise.all([
        import('../operations/doctor/diagnosis.js'),
        import('../platform/clock/clock.service.js'),
      ]);
      const findings = await diagnose(new Clock().now());
      const count = (state: string) => findings.filter((finding) => finding.state === state).length;
      const [ok, warn, fail] = [count('ok'), count('warn'), count('fail')];
      const lines = findings.map(
        ({ check, state, found, remedy }) =>
          `${state.padEnd(4)}  ${check}: ${found}${remedy === undefined ? '' : `\n      → ${remedy}`}`,
      );
      const text = `${lines.join('\n')}\n\n${ok} ok, ${warn} to look at, ${fail} failed`;
      command.print({ ok: fail === 0, findings }, text);
      if (fail > 0) process.exitCode = 1;
    });
}
