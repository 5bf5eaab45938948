// @ts-check
import { statSync } from 'node:fs';
import { served } from '../contender.js';
import { CONNECTIONS } from '../load.js';
import { loggingIn, refreshing } from '../requests.js';
import { emailOf, freeBytes, PASSWORD, seed, sessionOf } from '../seed.js';

/** @typedef {import('../stage.js').Stage} Stage */
/** @typedef {import('../seed.js').Size} Size */
/** @typedef {import('../load.js').Client} Client */

const FEW = 1_000;
/** @param {number} accounts @returns {Size} */
const sizeOf = (accounts) => ({ accounts, sessions: 10 * accounts, revocations: accounts / 10 });
/** Sessions that are refreshed in turn, spread over all there are: more than the tokens of one connection. */
const POOL = 6_400;
/** Has no factor in common with POOL: steps of it come to each session once. */
const STEP = 3_989;
const LOGINS = 16;
/** With their indices. */
const BYTES = { session: 230, account: 200 };

/**
 * What a login and a refresh cost where there are many accounts, sessions and revocations, against few.
 * @param {Stage} stage
 * @param {{ accounts: number }} sizes
 * @returns {Promise<import('../contender.js').Measure>}
 */
export async function growth(stage, { accounts }) {
  const large = sizeOf(accounts);
  const wanted = large.sessions * BYTES.session + large.accounts * BYTES.account;
  if (freeBytes(stage.folder) < 2 * wanted) {
    throw new Error(
      `growth wants ${((2 * wanted) / 2 ** 30).toFixed(1)} GB in ${stage.folder}: name another by TMPDIR, or fewer by --accounts`,
    );
  }
  const few = await database(stage, sizeOf(FEW));
  const many = await database(stage, large);
  const contenders = [...few.contenders, ...many.contenders];
  const kinds = ['refresh', 'login'];
  return {
    contenders,
    ratios: kinds.map((kind, i) => ({
      of: few.contenders[i]?.name ?? kind,
      to: many.contenders[i]?.name ?? kind,
      as: /** @type {[string, string]} */ ([`cost of a ${kind}, ${many.accounts} accounts`, few.accounts]),
      mark: 1.2,
      atMost: true,
    })),
    warmUp: 5_000,
    rounds: 3,
    isSlow: true,
    remarks: () =>
      Promise.resolve([
        `growth: ${JSON.stringify(large)} are ${(statSync(many.file).size / 2 ** 20).toFixed(0)} MB, seeded in ${many.seconds.toFixed(0)} s`,
      ]),
  };
}

/**
 * Gatehouse on a database of that size, and what to ask of it.
 * @param {Stage} stage
 * @param {Size} size
 */
async function database(stage, size) {
  const began = performance.now();
  const dataDir = stage.newFolder('data');
  const file = await seed(dataDir, size);
  const seconds = (performance.now() - began) / 1000;
  const gatehouse = await stage.startGatehouse({ env: { DATA_DIR: dataDir }, emails: [] });
  // Neighbours in time are none in the table, as nobody's are: among few sessions they would share pages, and what is written.
  const ids = Array.from({ length: POOL }, (_, i) =>
    sessionOf(Math.floor((((i * STEP) % POOL) * size.sessions) / POOL), size),
  );
  const tokens = /** @type {string[]} */ (await gatehouse.system.ask('tokensOf', ids));
  const clients = Array.from({ length: CONNECTIONS }, (_, i) =>
    inTurn(tokens.filter((_, j) => j % CONNECTIONS === i).map(refreshing)),
  );
  const logins = Array.from({ length: LOGINS }, (_, i) =>
    loggingIn({ email: emailOf(Math.floor((i * size.accounts) / LOGINS)), password: PASSWORD }),
  );
  const accounts = size.accounts.toLocaleString('en');
  return {
    file,
    seconds,
    accounts,
    contenders: [
      served(`refresh, ${accounts} accounts`, gatehouse, clients),
      served(`login, ${accounts} accounts`, gatehouse, logins),
    ],
  };
}

/** One connection of many sessions. @param {Client[]} clients @returns {Client} */
function inTurn(clients) {
  let asked = -1;
  const one = () => /** @type {Client} */ (clients[asked % clients.length]);
  return {
    request: () => {
      asked += 1;
      return one().request();
    },
    accept: (body, head) => one().accept(body, head),
  };
}
