// @ts-check
import { CONNECTIONS, drive } from '../load.js';
import { compose, logIn, repeat } from '../requests.js';
import { residentMb } from '../rss.js';
import { CONSTANT } from '../systems/constant.js';

/** @typedef {import('../system.js').System} System */

const [OURS, BARE] = ['memory under guarded requests', 'memory of bare Fastify'];
/** Of the requests, which fill the caches and grow the heap; what comes after must not. */
const SETTLING = 0.3;

/**
 * @param {import('../stage.js').Stage} stage
 * @param {{ requests: number }} lengths
 * @returns {Promise<import('../contender.js').Measure>}
 */
export async function memory(stage, { requests }) {
  const body = JSON.stringify(CONSTANT);
  return {
    contenders: [
      {
        name: BARE,
        measure: async () => {
          const { system, port } = await stage.start('systems/bare-fastify.js');
          return grown({ system, port }, [compose('GET /probe')], body, requests);
        },
      },
      {
        name: OURS,
        measure: async () => {
          const gatehouse = await stage.startGatehouse();
          const tokens = await logIn(gatehouse, gatehouse.accounts.length);
          const asked = tokens.map((token) => compose('GET /probe', { token }));
          return grown(gatehouse, asked, body, requests);
        },
      },
    ],
    ratios: [
      { of: OURS, to: BARE, quantity: 'usedMb', mark: 2.5, atMost: true },
      { of: OURS, quantity: 'growth', mark: 1.1, atMost: true },
    ],
    rounds: 1,
    remarks: () =>
      Promise.resolve([`memory: after ${requests} requests; growth: since ${SETTLING * requests} of them`]),
  };
}

/**
 * @param {{ system: System, port: number }} server
 * @param {string[]} asked
 * @param {string} body
 * @param {number} requests
 */
async function grown({ system, port }, asked, body, requests) {
  const clients = Array.from({ length: CONNECTIONS }, (_, i) => repeat(asked[i % asked.length] ?? '', body));
  let done = 0;
  const until = async (/** @type {number} */ count) => {
    while (done < count) done += (await drive(port, clients, 0.5)).completed;
    return residentMb(system.child.pid);
  };
  const settledMb = await until(SETTLING * requests);
  const usedMb = await until(requests);
  await system.stop();
  return { usedMb, growth: usedMb / settledMb };
}
