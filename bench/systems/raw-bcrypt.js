// @ts-check
import { once } from 'node:events';
import { availableParallelism, setPriority } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import bcrypt from 'bcrypt';
import { summarize } from '../sample.js';
import { serve } from './channel.js';

const PASSWORD = 'a right password';

/** @param {{ seconds: number }} window */
async function run({ seconds }) {
  const done = await Promise.all(
    workers.map(async (worker) => {
      const answer = once(worker, 'message');
      worker.postMessage(seconds);
      return /** @type {{ latencies: number[], elapsedMs: number }} */ ((await answer)[0]);
    }),
  );
  const latencies = done.flatMap((each) => each.latencies);
  const elapsedMs = Math.max(...done.map((each) => each.elapsedMs));
  return {
    ...summarize(latencies, elapsedMs),
    // The threads do not end together: each over its own time.
    perSecond: done.reduce((sum, each) => sum + (each.latencies.length * 1000) / each.elapsedMs, 0),
  };
}

/** @param {number} seconds */
function compare(seconds) {
  const began = performance.now();
  const latencies = [];
  let now = began;
  while (now < began + seconds * 1000) {
    const sent = now;
    if (!bcrypt.compareSync(PASSWORD, workerData)) throw new Error('the right password does not match');
    now = performance.now();
    latencies.push(now - sent);
  }
  parentPort?.postMessage({ latencies, elapsedMs: now - began });
}

/** @type {Worker[]} */
const workers = [];
if (isMainThread) {
  const hash = bcrypt.hashSync(PASSWORD, Number(process.env['BCRYPT_COST']));
  for (let i = 0; i < availableParallelism(); i += 1) {
    workers.push(new Worker(new URL(import.meta.url), { workerData: hash }));
  }
  await Promise.all(workers.map((worker) => once(worker, 'online')));
  serve({}, { run });
} else {
  // On Linux a thread's own, as Gatehouse's hashing threads have it.
  setPriority(19);
  parentPort?.on('message', compare);
}
