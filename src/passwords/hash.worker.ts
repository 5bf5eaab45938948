import bcrypt from 'bcrypt';

/** What a hashing thread is asked to do. */
export type HashTask =
  | { kind: 'hash'; password: string; cost: number }
  | { kind: 'compare'; password: string; hash: string };

/** Runs one bcrypt computation, blocking this thread and no other. */
export default function run(task: HashTask): string | boolean {
  return task.kind === 'hash'
    ? bcrypt.hashSync(task.password, task.cost)
    : bcrypt.compareSync(task.password, task.hash);
}
