// @ts-check
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { served } from '../contender.js';
import { CONNECTIONS } from '../load.js';
import { compose, firstAnswer, logIn, mustRefuse, peerClients, repeat } from '../requests.js';
import { CONSTANT } from '../systems/constant.js';

/** @typedef {import('../stage.js').Stage} Stage */
/** @typedef {import('../stage.js').Gatehouse} Gatehouse */
/** @typedef {import('../contender.js').Contender} Contender */

const GUARDED = 'guarded route';

/**
 * @param {Stage} stage
 * @returns {Promise<import('../contender.js').Measure>}
 */
export async function guarded(stage) {
  const gatehouse = await stage.pinnedGatehouse();
  const fastify = await stage.start('systems/bare-fastify.js');
  const nest = await stage.start('systems/bare-nest.js');
  const body = JSON.stringify(CONSTANT);
  const open = Array.from({ length: CONNECTIONS }, () => repeat(compose('GET /probe'), body));
  const tokens = await logIn(gatehouse, gatehouse.accounts.length);
  const withToken = Array.from({ length: CONNECTIONS }, (_, i) =>
    repeat(compose('GET /probe', { token: tokens[i % tokens.length] }), body),
  );
  await mustRefuse(gatehouse.port, '/probe');
  const probe = countStatements(served(GUARDED, gatehouse, withToken), gatehouse, tokens[0]);
  const others = [];
  // One after the other: while others start, a login may take longer than anybody waits.
  for (const name of stage.peers) others.push(...(await peerContenders(stage, name)));
  return {
    contenders: [
      served('bare Fastify', fastify, open),
      probe.contender,
      served('bare Nest on Fastify', nest, open),
      ...others.map(({ contender }) => contender),
    ],
    ratios: [
      { of: GUARDED, to: 'bare Fastify', mark: 0.5 },
      { of: GUARDED, to: 'bare Nest on Fastify', mark: 0.8 },
      ...others.map(({ contender, mark }) => ({ of: GUARDED, to: contender.name, mark })),
    ],
    warmUp: 20_000,
    wantsWholeCore: true,
    charts: [{ title: 'Guarded requests a second, one core', quantity: 'perSecond', ours: [GUARDED] }],
    remarks: probe.remarks,
  };
}

/**
 * @param {Stage} stage
 * @param {string} name
 */
async function peerContenders(stage, name) {
  const peer = await stage.peer(name);
  const { client, port } = peer;
  await mustRefuse(port, client.guardedPath, client.refusal);
  const { guarding, tokens } = await peerClients(peer, CONNECTIONS);
  const all = [{ contender: served(client.title, peer, guarding), mark: client.mark ?? 1 }];
  if (!client.variant) return all;
  const { title, guarded: ask, mark } = client.variant;
  const variant = tokens.map(({ guard }) => repeat(ask(guard), JSON.stringify(CONSTANT)));
  return [...all, { contender: served(title, peer, variant), mark }];
}

/**
 * Counts the statements that reach the database meanwhile.
 * @param {Contender} probe
 * @param {Gatehouse} gatehouse
 * @param {string | undefined} token
 */
function countStatements(probe, { system, port }, token) {
  const count = async () => /** @type {number} */ (await system.ask('statements'));
  let [requests, statements, time] = [0, 0, 0];
  return {
    contender: {
      name: probe.name,
      measure: async (/** @type {number} */ seconds) => {
        const before = await count();
        const sample = await probe.measure(seconds);
        statements += (await count()) - before;
        requests += sample['completed'] ?? 0;
        time += seconds;
        return sample;
      },
    },
    remarks: async () => {
      // A counter that cannot count would be content with anything.
      const before = await count();
      await firstAnswer(port, '/api/films', token);
      assert((await count()) > before, 'the statements of a films request were not counted');
      // What goes on by itself, such as the question for revocations each second, is no request's.
      const [idle, idleSeconds] = [await count(), 5];
      await sleep(idleSeconds * 1000);
      const [busy, quiet] = [statements / time, ((await count()) - idle) / idleSeconds];
      return [
        `database statements a second: ${busy.toFixed(1)} during ${requests} guarded requests, ${quiet.toFixed(1)} during none`,
      ];
    },
  };
}
