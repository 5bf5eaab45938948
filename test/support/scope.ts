import { describe } from '@jest/globals';

/** How often a test repeats what chance decides: `short` times, or `long` with GATEHOUSE_LONG=1. */
export const rounds = (short: number, long: number): number =>
  process.env['GATEHOUSE_LONG'] === '1' ? long : short;

/** For what only PostgreSQL can show, or only SQLite; skipped on the other. What neither has a part in is tested with SQLite only. */
export const [onPostgres, onSqlite] = process.env['TEST_DATABASE_URL']
  ? [describe, describe.skip]
  : [describe.skip, describe];
