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
 * Keeps a process, with all its threads, on these cores.
 * @param {number | undefined} pid
 * @param {number[]} cores none: it stays where it is
 */
export function pin(pid, cores) {
  if (cores.length === 0) return;
  const { status, stderr } = spawnSync('taskset', ['-acp', cores.join(','), String(pid)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`cannot pin a process to cores ${cores}: ${stderr}`);
}
