// @ts-check
import { calm } from './measures/calm.js';
import { films } from './measures/films.js';
import { growth } from './measures/growth.js';
import { guarded } from './measures/guarded.js';
import { install } from './measures/install.js';
import { instances } from './measures/instances.js';
import { login } from './measures/login.js';
import { memory } from './measures/memory.js';
import { refresh, refreshPostgresql } from './measures/refresh.js';
import { start } from './measures/start.js';

/**
 * @typedef {object} Lengths Of windows in seconds, of loads in numbers.
 * @property {number} rounds
 * @property {number} seconds
 * @property {number} slowSeconds a bcrypt comparison takes a good part of a second: logins need longer windows
 * @property {number} warmUpSeconds
 * @property {number} slowWarmUpSeconds
 * @property {number} requests until the memory is read
 * @property {number} accounts of the large database that a small one is compared with
 */

/** In the order of the tables. @type {Record<string, (stage: import('./stage.js').Stage, lengths: Lengths) => Promise<import('./contender.js').Measure>>} */
export const measures = {
  guarded,
  films,
  refresh,
  'refresh-postgresql': refreshPostgresql,
  login,
  calm,
  start,
  memory,
  growth,
  install,
  instances,
};

/** Those that need BENCH_DATABASE_URL. */
export const ON_POSTGRESQL = ['refresh-postgresql', 'instances'];
