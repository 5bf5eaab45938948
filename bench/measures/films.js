// @ts-check
import assert from 'node:assert/strict';
import { served } from '../contender.js';
import { CONNECTIONS } from '../load.js';
import { compose, firstAnswer, logIn, mustRefuse, repeat } from '../requests.js';

/**
 * @param {import('../stage.js').Stage} stage
 * @returns {Promise<import('../contender.js').Measure>}
 */
export async function films(stage) {
  const gatehouse = await stage.pinnedGatehouse();
  const raw = await stage.start('systems/raw-films.js', { env: { DATABASE_FILE: gatehouse.databaseFile } });
  const [token] = await logIn(gatehouse, 1);
  await mustRefuse(gatehouse.port, '/api/films');
  const body = await firstAnswer(gatehouse.port, '/api/films', token);
  const rawBody = await firstAnswer(raw.port, '/api/films');
  assert.deepEqual(JSON.parse(rawBody), JSON.parse(body), 'the films are not the same in both systems');
  const withToken = Array.from({ length: CONNECTIONS }, () =>
    repeat(compose('GET /api/films', { token }), body),
  );
  const open = Array.from({ length: CONNECTIONS }, () => repeat(compose('GET /api/films'), rawBody));
  return {
    contenders: [
      served('better-sqlite3 behind Fastify', raw, open),
      served('GET /api/films', gatehouse, withToken),
    ],
    ratios: [{ of: 'GET /api/films', to: 'better-sqlite3 behind Fastify', mark: 0.6 }],
    warmUp: 5_000,
    wantsWholeCore: true,
  };
}
