// @ts-check
import { spawnSync } from 'node:child_process';

/** The cores that this process may use; none where `taskset` is not there to tell and to pin. */
export function findCores() {
  const { status, stdout } = spawnSync('taskset', ['-cp', String(process.pid)], { encoding: 'utf8' });
  if (status !== 0) return [];
  // "pid 42's current affinity list: 0,2-5"
  const list = stdout.trim().split(' ').at(-1) ?? '';
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/**
 * Keeps this process, with all its threads, on one core.
 * @param {number} core
 */
export function pinThisProcess(core) {
  const { status, stderr } = spawnSync('taskset', ['-acp', String(core), String(process.pid)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`cannot pin the load generator: ${stderr}`);
}
