// CommonJS: Node 20 aborts the whole process where a thread is ended while it requires an ES module, as Piscina does.
import { schemeOf, type HashScheme, type OwnHash } from './own-hash.cjs';
import { readHash } from './verifiers/registry.cjs';
import type { ReadableHash } from './verifiers/verifier.cjs';
import { wrap } from './verifiers/wrapped.verifier.cjs';

/** What a hashing thread is asked to do. */
export type HashTask =
  | { kind: 'hash'; password: string; own: OwnHash }
  /** `hash`: null for nobody's. */
  | { kind: 'verify'; password: string; hash: string | null; own: OwnHash }
  | { kind: 'wrap'; hash: string; own: OwnHash };

/** So that nobody makes a verifier whose work grows with the password work for long. 64 characters (NIST SP 800-63B-4 §3.1.1.2) fit. */
const PASSWORD_BYTES = 256;

/** Runs hash functions, blocking this thread and no other. */
export default function run(task: HashTask): string | boolean {
  switch (task.kind) {
    case 'hash':
      return schemeOf(task.own).hash(task.password);
    case 'verify':
      return verify(task.password, task.hash, schemeOf(task.own));
    case 'wrap':
      return wrap(task.hash, task.own.bcryptCost);
  }
}

/** Whether `password` is the one behind `hash`. What does not match has cost as much as a hash of our own, or more. */
function verify(password: string, hash: string | null, own: HashScheme): boolean {
  const reading = hash === null ? undefined : readHash(hash);
  const bytes = Buffer.from(password);
  if (hash === null || !reading || 'refusal' in reading || bytes.length > PASSWORD_BYTES) {
    own.spend(password, own.work);
    return false;
  }
  const begun = performance.now();
  if (isRight(bytes, reading)) return true;
  const elapsed = performance.now() - begun;
  const spent = own.workOf(hash, reading);
  if (spent === undefined) topUp(password, elapsed, own);
  else own.spend(password, own.work - spent);
  return false;
}

function isRight(password: Buffer, reading: ReadableHash): boolean {
  try {
    return reading.verify(password);
  } catch {
    // Damaged in a way that its form does not show.
    return false;
  }
}

/**
 * Spends what `elapsed`, in milliseconds, leaves of a hash of our own. What that was worth, our own work tells, step by step, each as
 * long as all before it: others slow down the longer ones as they did the hash.
 */
function topUp(password: string, elapsed: number, own: HashScheme): void {
  const begun = performance.now();
  let spent = own.spend(password, own.sample);
  for (let more = spent; more > 0; spent += more) {
    const worth = (elapsed * spent) / (performance.now() - begun);
    more = own.spend(password, Math.min(spent, own.work - spent - worth));
  }
}
