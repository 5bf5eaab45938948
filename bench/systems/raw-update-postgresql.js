// @ts-check
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { summarize } from '../sample.js';
import { serve } from './channel.js';

const ROWS = 32;
/** As many connections as Gatehouse's pool has; of them so many at work at a time. */
const [CONNECTIONS, AT_A_TIME] = [10, 8];

const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: CONNECTIONS });
await pool.query(
  'CREATE TABLE raw_update (id varchar(32) PRIMARY KEY, token_id varchar(22), refreshed_at bigint)',
);
for (let i = 0; i < ROWS; i += 1) {
  await pool.query('INSERT INTO raw_update VALUES ($1, $2, $3)', [String(i), 'none yet', Date.now()]);
}
const update = {
  name: 'update',
  text: 'UPDATE raw_update SET token_id = $1, refreshed_at = $2 WHERE id = $3',
};

/** @param {{ seconds: number }} window */
async function run({ seconds }) {
  const began = performance.now();
  /** @type {number[]} */
  const latencies = [];
  let begun = 0;
  const inTurn = async () => {
    while (performance.now() < began + seconds * 1000) {
      const sent = performance.now();
      const id = String((begun += 1) % ROWS);
      const values = [randomBytes(16).toString('base64url'), Date.now(), id];
      const { rowCount } = await pool.query({ ...update, values });
      if (rowCount !== 1) throw new Error('the update changed nothing');
      latencies.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, inTurn));
  return summarize(latencies, performance.now() - began);
}

serve({}, { run });
