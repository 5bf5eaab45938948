// @ts-check
import { costed } from '../contender.js';
import { CONNECTIONS, drive } from '../load.js';
import { newDatabase } from '../postgresql.js';
import { logIn, refreshing } from '../requests.js';

const [ONE, TWO] = ['refresh (one instance)', 'refresh (two instances)'];
/** One for the generator, one for PostgreSQL, one for each instance. */
const CORES_WANTED = 4;

/**
 * @param {import('../stage.js').Stage} stage
 * @returns {Promise<import('../contender.js').Measure>}
 */
export async function instances(stage) {
  const [first = 0, second = 0, third] = stage.allCores;
  const env = { DATABASE_URL: await newDatabase(stage) };
  const one = await stage.startGatehouse({ env });
  const other = await stage.startGatehouse({
    env: one.settings,
    cores: stage.allCores.length > 0 ? [third ?? second] : [],
    emails: [],
  });
  const clients = (await logIn(one, CONNECTIONS)).map(refreshing);
  const half = CONNECTIONS / 2;
  const both = async (/** @type {number} */ seconds) => {
    const [a, b] = await Promise.all([
      drive(one.port, clients.slice(half), seconds),
      drive(other.port, clients.slice(0, half), seconds),
    ]);
    return {
      completed: a.completed + b.completed,
      perSecond: a.perSecond + b.perSecond,
      p50Ms: Math.max(a.p50Ms, b.p50Ms),
      p99Ms: Math.max(a.p99Ms, b.p99Ms),
    };
  };
  const hasRoom = stage.allCores.length >= CORES_WANTED;
  return {
    contenders: [
      { name: ONE, measure: (seconds) => costed([one.system], () => drive(one.port, clients, seconds)) },
      { name: TWO, measure: (seconds) => costed([one.system, other.system], () => both(seconds)) },
    ],
    ratios: [{ of: TWO, to: ONE, ...(hasRoom && { mark: 1.7 }) }],
    warmUp: 5_000,
    remarks: () =>
      Promise.resolve(
        hasRoom
          ? []
          : [
              `two instances: ${stage.allCores.length || 'unknown'} cores for both (${first}, ${second}), the generator and PostgreSQL; ` +
                `${CORES_WANTED} are wanted, and the mark (≥ 1.7) is not judged`,
            ],
      ),
  };
}
