// @ts-check
import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** Where databases may be made; none: what needs PostgreSQL is left out. */
export const SERVER = process.env['BENCH_DATABASE_URL'];

/**
 * Makes a database, which is dropped at the end.
 * @param {import('./stage.js').Stage} stage
 * @returns {Promise<string>} its URL
 */
export async function newDatabase(stage) {
  const name = `gatehouse_bench_${randomBytes(6).toString('hex')}`;
  await administer(`CREATE DATABASE ${name}`);
  stage.atTheEnd(() => administer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
  return Object.assign(new URL(SERVER ?? ''), { pathname: `/${name}` }).href;
}

/** @param {string} sql */
async function administer(sql) {
  const client = new pg.Client({ connectionString: SERVER });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
