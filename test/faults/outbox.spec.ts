import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SweepingService } from '../../src/platform/database/sweeping.service.js';
import { DispatcherService } from '../../src/platform/outbox/dispatcher.service.js';
import { JobFailure } from '../../src/platform/outbox/failure.js';
import { LEASE_MS, LeasesService } from '../../src/platform/outbox/leases.service.js';
import { MAX_FINISHED } from '../../src/platform/outbox/outbox.module.js';
import { OutboxService, type Attempt, type JobHandler } from '../../src/platform/outbox/outbox.service.js';
import { startApp, type TestApp } from '../support/app.js';

const CANARY = 'c4n4ry-of-the-outbox';
const HOUR = 3_600;
const DAY = 24 * HOUR;

let t: TestApp;
let outbox: OutboxService;
let done: string[];

beforeEach(async () => {
  t = await startApp();
  outbox = t.app.get(OutboxService);
  done = [];
});
afterEach(() => t.close());

const handle = (handler: JobHandler) => outbox.register('test.job', handler);
const work = (attempt: Attempt) => {
  done.push((attempt.payload as { name: string }).name);
  return Promise.resolve();
};
const put = (name: string, kind = 'test.job') =>
  t.dataSource.transaction((manager) => outbox.put(kind, { name, secret: CANARY }, manager));
const drain = () => t.app.get(DispatcherService).drain();
const rows = () =>
  t.dataSource.query<Record<string, unknown>[]>('SELECT * FROM outbox ORDER BY created_at, id');
const until = async (condition: () => boolean) => {
  for (let i = 0; i < 500 && !condition(); i += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(condition()).toBe(true);
};

describe('a job', () => {
  it('is done soon after its transaction, with nobody asking', async () => {
    handle(work);
    await put('one');
    expect(done).toEqual([]);
    await until(() => done.length === 1);
  });

  it('of a transaction that rolls back never was', async () => {
    handle(work);
    const rolledBack = t.dataSource.transaction(async (manager) => {
      await outbox.put('test.job', { name: 'never' }, manager);
      throw new Error('rolled back');
    });
    await expect(rolledBack).rejects.toThrow('rolled back');
    await drain();
    expect([done, await rows()]).toEqual([[], []]);
  });

  it('is never in the clear, and gone from its row when it is done', async () => {
    handle(work);
    await put('one');
    expect(JSON.stringify(await rows())).not.toContain(CANARY);
    await drain();
    expect(await rows()).toMatchObject([{ state: 'done', payload: null, attempts: 1, last_error: null }]);
  });

  it('is done once each, however many there are', async () => {
    handle(work);
    const names = Array.from({ length: 50 }, (_, i) => `job ${i}`);
    await Promise.all(names.map((name) => put(name)));
    await drain();
    expect(done.sort()).toEqual(names.sort());
  });

  it('of a kind that this instance knows nothing of is left to others', async () => {
    handle(work);
    await put('theirs', 'unknown.job');
    await drain();
    expect(await rows()).toMatchObject([{ state: 'waiting', attempts: 0 }]);
  });

  it('that waits long does not hold up the others', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    handle(async (attempt) => {
      if ((attempt.payload as { name: string }).name === 'slow') await held;
      await work(attempt);
    });
    await put('slow');
    await put('quick');
    await until(() => done.includes('quick'));
    expect(done).toEqual(['quick']);
    release();
    await until(() => done.includes('slow'));
  });
});

describe('a job that fails', () => {
  it('is tried again, later each time, and done when it works', async () => {
    let failures = 3;
    handle((attempt) => {
      failures -= 1;
      if (failures >= 0) throw new JobFailure(`refused, ${failures} to go`);
      return work(attempt);
    });
    await put('one');
    await drain();
    await drain();
    expect(await rows()).toMatchObject([{ attempts: 1, state: 'waiting', last_error: 'refused, 2 to go' }]);
    for (const seconds of [5, 10, 20]) {
      t.clock.advance(seconds);
      await drain();
    }
    expect(done).toEqual(['one']);
    expect(await rows()).toMatchObject([{ attempts: 4, state: 'done', last_error: null }]);
  });

  it('is given up after twenty attempts, seen by the operator, and tried again when told', async () => {
    let isBroken = true;
    handle((attempt) => (isBroken ? Promise.reject(new JobFailure('refused')) : work(attempt)));
    const id = await put('one');
    for (let i = 0; i < 25; i += 1) {
      await drain();
      t.clock.advance(HOUR);
    }
    expect(await outbox.list('test', 10, 'failed')).toMatchObject([
      { id, attempts: 20, lastError: 'refused' },
    ]);
    isBroken = false;
    expect(await outbox.retry('other')).toEqual([]);
    expect(await outbox.retry('test')).toEqual([id]);
    await drain();
    expect(done).toEqual(['one']);
    expect(await outbox.retry('test', id)).toEqual([]);
  });

  it('for good is given up at once', async () => {
    handle(() => Promise.reject(new JobFailure('never', true)));
    await put('one');
    await drain();
    expect(await rows()).toMatchObject([{ attempts: 1, state: 'failed', last_error: 'never' }]);
  });

  it('tells nothing of an error that was not meant to be read', async () => {
    handle(() => Promise.reject(Object.assign(new Error(CANARY), { code: 'EOOPS' })));
    await put('one');
    await drain();
    expect(await rows()).toMatchObject([{ last_error: 'Error EOOPS' }]);
    expect(JSON.stringify(t.logs)).toContain('to be tried again');
    expect(JSON.stringify(t.logs)).not.toContain(CANARY);
  });

  it('because nobody can read it is given up', async () => {
    handle(work);
    await put('one');
    await t.dataSource.query("UPDATE outbox SET payload = 'nonsense'");
    await drain();
    expect(await rows()).toMatchObject([{ state: 'failed', last_error: 'its payload cannot be decrypted' }]);
  });
});

describe('a job whose instance was killed', () => {
  it('belongs to nobody else before the lease ends, and to one after', async () => {
    handle(work);
    await put('one');
    const leases = t.app.get(LeasesService);
    expect(await leases.claim()).toMatchObject({ attempts: 1 });
    t.clock.advance(LEASE_MS / 1000 - 1);
    expect(await leases.claim()).toBeUndefined();
    t.clock.advance(1);
    const claims = await Promise.all(Array.from({ length: 10 }, () => leases.claim()));
    expect(claims.filter(Boolean)).toMatchObject([{ attempts: 2 }]);
  });

  it('is given up when that happens every time', async () => {
    handle(work);
    await put('one');
    for (let i = 0; i < 20; i += 1) {
      await t.app.get(LeasesService).claim();
      t.clock.advance(LEASE_MS / 1000);
    }
    await drain();
    expect(done).toEqual([]);
    expect(await rows()).toMatchObject([{ state: 'failed' }]);
  });
});

describe('what a handler changes in the transaction that completes the job', () => {
  const change = (attempt: Attempt) =>
    t.dataSource.transaction(async (manager) => {
      await manager.query("UPDATE films SET title = title || '!'");
      await attempt.complete(manager);
    });

  it('happens once, though two instances think the job theirs', async () => {
    const before = await t.dataSource.query<{ title: string }[]>('SELECT title FROM films ORDER BY id');
    handle(async (attempt) => {
      if (attempt.number === 1) {
        // This one is slow: the lease ends while it is at it, and somebody else does the job.
        t.clock.advance(LEASE_MS / 1000);
        await until(() => done.length === 1);
        return change(attempt);
      }
      await change(attempt);
      done.push('second');
    });
    await put('one');
    const first = drain();
    for (let i = 0; i < 500 && done.length === 0; i += 1) {
      const job = await t.app.get(LeasesService).claim();
      if (job) await t.app.get(LeasesService).run(job, new AbortController().signal);
      else await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await first;
    const after = await t.dataSource.query<{ title: string }[]>('SELECT title FROM films ORDER BY id');
    expect(after.map(({ title }) => title)).toEqual(before.map(({ title }) => `${title}!`));
    expect(await rows()).toMatchObject([{ state: 'done', attempts: 2 }]);
  });
});

describe('the end of the process', () => {
  it('waits for the job that is being done', async () => {
    handle(async (attempt) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      await work(attempt);
    });
    await put('one');
    void drain();
    await new Promise((resolve) => setTimeout(resolve, 100));
    await t.app.get(DispatcherService).beforeApplicationShutdown();
    expect(done).toEqual(['one']);
    await put('two');
    await drain();
    expect(done).toEqual(['one']);
  });

  it('does not wait for ever: the job is due again at once, and nothing is counted', async () => {
    handle(
      ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    );
    await put('one');
    void drain();
    await new Promise((resolve) => setTimeout(resolve, 100));
    await t.app.get(DispatcherService).beforeApplicationShutdown();
    expect(await rows()).toMatchObject([{ state: 'waiting', attempts: 0 }]);
    expect(await t.app.get(LeasesService).dueSince()).toBe(t.clock.now());
  });
});

describe('a sweep', () => {
  it('takes what was done a week ago, and what failed a month ago', async () => {
    handle((attempt) =>
      (attempt.payload as { name: string }).name === 'bad'
        ? Promise.reject(new JobFailure('no', true))
        : work(attempt),
    );
    await put('good');
    await put('bad');
    await drain();
    await put('waiting', 'unknown.job');
    const left = async () => (await rows()).map(({ state }) => state).sort();
    const sweep = () => t.app.get(SweepingService).sweep();
    t.clock.advance(7 * DAY - 1);
    await sweep();
    expect(await left()).toEqual(['done', 'failed', 'waiting']);
    t.clock.advance(1);
    await sweep();
    expect(await left()).toEqual(['failed', 'waiting']);
    t.clock.advance(23 * DAY);
    await sweep();
    expect(await left()).toEqual(['waiting']);
  });

  it('leaves as many as anybody looks at, and every job that is not done', async () => {
    await t.dataSource.query('DELETE FROM outbox');
    const more = 1_500;
    const now = t.clock.now();
    await t.dataSource.query(
      `INSERT INTO outbox (id, kind, state, attempts, created_at, finished_at)
       WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${MAX_FINISHED + more})
       SELECT CAST(n AS varchar(22)), 'test.job', CASE WHEN n <= 2 THEN 'failed' ELSE 'done' END, 1, ${now}, ${now} + n FROM numbers`,
    );
    await put('waiting', 'unknown.job');
    expect(await t.app.get(SweepingService).sweep()).toBe(more - 2);
    const oldest = await t.dataSource.query<object[]>(
      "SELECT state FROM outbox WHERE state = 'failed' OR state = 'waiting'",
    );
    expect(oldest).toHaveLength(3);
    await t.dataSource.query('DELETE FROM outbox');
  });
});
