// @ts-check
import { readFileSync } from 'node:fs';

/**
 * The resident memory of a process, in MB.
 * @param {number | undefined} pid
 */
export function residentMb(pid) {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}
