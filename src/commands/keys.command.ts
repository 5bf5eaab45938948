import type { Config } from '../platform/config/config.schema.js';
import type { RingKey } from '../sessions/key-ring.js';
import { withApplication } from './application.js';
import { CommandError, type OperatorCommand } from './operator.command.js';

/** `keys …`: what signs and verifies access tokens; never its material. Instants in ISO 8601, UTC. */
export function addKeys(program: OperatorCommand): void {
  const keys = program
    .command('keys')
    .description('Show and rotate the keys of access tokens.')
    .example('keys list');
  addRotate(keys);
  addList(keys);
  addReencrypt(keys);
}

function addRotate(keys: OperatorCommand): void {
  keys
    .command('rotate')
    .description(
      'Add a key, to sign in 11 minutes: by then every cache of public keys has it. Running servers pick it up.',
    )
    .option(
      '--now',
      'let it sign in seconds: services that cached the public keys may refuse its tokens for minutes',
    )
    .example('keys rotate')
    .action(async ({ now: inHaste = false }: { now?: boolean }, command: OperatorCommand) => {
      const { config, now, rotateKeys } = await open();
      if (!config.signingKeysFile) throw givenByEnvironment(config);
      const { kid, signsFrom, previous } = rotateKeys(config.signingKeysFile, config, now, inHaste);
      const [signs_from, retires_at] = [instant(signsFrom), instant(previous?.retiresAt)];
      const text = `Added ${config.jwtAlgorithm} key ${kid}. It signs from ${signs_from} on`;
      const rest = previous ? `; until then ${previous.kid} signs, which verifies until ${retires_at}` : '';
      const before = previous ? { kid: previous.kid, retires_at } : null;
      command.print({ kid, algorithm: config.jwtAlgorithm, signs_from, previous: before }, `${text}${rest}.`);
    });
}

function addList(keys: OperatorCommand): void {
  keys
    .command('list')
    .description('List the keys: what signs, what verifies, until when.')
    .example('keys list')
    .action(async (_options: object, command: OperatorCommand) => {
      const { config, now, loadKeys, signingKey } = await open();
      const ring = loadKeys(config);
      const signing = signingKey(ring, now);
      const list = ring.map((key) => ({
        kid: key.kid,
        algorithm: key.algorithm,
        state: key === signing ? 'signing' : stateOf(key, now),
        signs_from: instant(key.signsFrom),
        retires_at: instant(key.retiresAt),
      }));
      const rows = list.map((key) => [key.state, key.algorithm, key.signs_from, key.retires_at, key.kid]);
      const table = [['state', 'alg', 'signs from', 'retires at', 'kid'], ...rows].map(line).join('\n');
      command.print({ keys: list }, rows.length > 0 ? table : 'No keys yet: the first start makes one.');
    });
}

function addReencrypt(keys: OperatorCommand): void {
  keys
    .command('reencrypt')
    .description(
      'Encrypt the secrets in the database anew under ENCRYPTION_KEY; then ENCRYPTION_PREVIOUS_KEYS may go.',
    )
    .example('keys reencrypt')
    .action(async (_options: object, command: OperatorCommand) => {
      const result = await withApplication(async ({ twoFactor, outbox }) => {
        const [factors, jobs] = [await twoFactor.reencryptAll(), await outbox.reencryptAll()];
        return {
          reencrypted: factors.reencrypted + jobs.reencrypted,
          unreadable: factors.unreadable + jobs.unreadable,
        };
      });
      const unreadable =
        result.unreadable > 0 ? `; ${result.unreadable} cannot be read with any key configured` : '';
      command.print(result, `Encrypted ${result.reencrypted} anew${unreadable}.`);
    });
}

const WIDTHS = [9, 5, 24, 24];

const line = (cells: (string | null)[]): string =>
  cells.map((cell, column) => (cell ?? '').padEnd(WIDTHS[column] ?? 0)).join('  ');

/** The settings and the functions of the keys: loaded only now, as mistakes are seen without them. */
async function open() {
  const [{ loadConfig }, { Clock }, keyRing] = await Promise.all([
    import('../platform/config/config.module.js'),
    import('../platform/clock/clock.service.js'),
    import('../sessions/key-ring.js'),
  ]);
  const config = loadConfig();
  // After a failure its own line says all there is to say.
  process.once('exit', (code) => {
    if (code !== 0) return;
    for (const file of config.generatedFiles)
      process.stderr.write(`made a secret: ${file} (keep it with your backups)\n`);
  });
  return { ...keyRing, config, now: new Clock().now() };
}

function stateOf({ signsFrom, retiresAt }: RingKey, now: number): 'next' | 'verifying' | 'retired' {
  if (retiresAt <= now) return 'retired';
  return signsFrom > now ? 'next' : 'verifying';
}

/** Null where there is no bound, or none that is known: the first secret has signed since whenever. */
const instant = (milliseconds = Infinity): string | null =>
  Number.isFinite(milliseconds) && milliseconds > 0 ? new Date(milliseconds).toISOString() : null;

function givenByEnvironment({ jwtAlgorithm }: Config): CommandError {
  const how =
    jwtAlgorithm === 'ES256'
      ? 'JWT_PRIVATE_KEY gives the key that signs: publish the next one first, in JWT_VERIFICATION_KEYS'
      : 'JWT_SECRET gives the key that signs: set it to a new secret, and JWT_PREVIOUS_SECRETS to the old one';
  return new CommandError(`${how}; docs/signing-keys.md tells the steps`, 1);
}
