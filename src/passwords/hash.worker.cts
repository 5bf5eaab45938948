// CommonJS: Node 20 aborts the whole process where a thread is ended while it requires an ES module, as Piscina does.
import bcrypt from 'bcrypt';

/** What a hashing thread is asked to do. */
export type HashTask =
  | { kind: 'hash'; password: string; cost: number }
  | { kind: 'compare'; password: string; hash: string; otherwise?: readonly string[] };

/** Runs bcrypt, blocking this thread and no other. A comparison that fails goes on to compare with `otherwise`, for the work alone. */
export default function run(task: HashTask): string | boolean {
  if (task.kind === 'hash') return bcrypt.hashSync(task.password, task.cost);
  const { password, hash, otherwise } = task;
  const matches = bcrypt.compareSync(password, hash);
  if (!matches) for (const decoy of otherwise ?? []) bcrypt.compareSync(password, decoy);
  return matches;
}
