// @ts-check
import { randomBytes } from 'node:crypto';
import Database from 'better-sqlite3';
import { summarize } from '../sample.js';
import { serve } from './channel.js';

const ROWS = 32;

const database = new Database('raw-update.sqlite');
database.pragma('journal_mode = WAL');
database.pragma('synchronous = FULL');
database.exec(
  'CREATE TABLE sessions (id varchar(32) PRIMARY KEY, token_id varchar(22), refreshed_at bigint)',
);
const insert = database.prepare('INSERT INTO sessions VALUES (?, ?, ?)');
for (let i = 0; i < ROWS; i += 1) insert.run(String(i), 'none yet', Date.now());
const update = database.prepare('UPDATE sessions SET token_id = ?, refreshed_at = ? WHERE id = ?');

/** @param {{ seconds: number }} window */
function run({ seconds }) {
  const began = performance.now();
  /** @type {number[]} */
  const latencies = [];
  let now = began;
  while (now < began + seconds * 1000) {
    const sent = now;
    const id = String(latencies.length % ROWS);
    const { changes } = update.run(randomBytes(16).toString('base64url'), Date.now(), id);
    if (changes !== 1) throw new Error('the update changed nothing');
    now = performance.now();
    latencies.push(now - sent);
  }
  return summarize(latencies, now - began);
}

serve({}, { run });
