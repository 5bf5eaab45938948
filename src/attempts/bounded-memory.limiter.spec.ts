import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { Clock } from '../platform/clock/clock.service.js';
import { addressKey } from '../platform/http/address.js';
import { BoundedCounts } from './bounded-memory.limiter.js';

class StillClock extends Clock {
  instant = 1_000_000;
  override now(): number {
    return this.instant;
  }
}

/** Garbage is no cost: it must be gone before memory is compared. */
function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

describe('BoundedCounts', () => {
  it('costs less than 100 MB for a million distinct keys, and keeps the newest', () => {
    const counts = new BoundedCounts(new StillClock());
    const collect = garbageCollector();
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 1_000_000; i += 1) counts.add(`gatehouse:address-failures:2001:db8:${i}::/64`, 1, 60);
    collect();
    const megabytes = (process.memoryUsage().heapUsed - before) / 1e6;
    expect(megabytes).toBeLessThan(100);
    expect(counts.get('gatehouse:address-failures:2001:db8:999999::/64')?.points).toBe(1);
  });

  it('forgets what is over first', () => {
    const clock = new StillClock();
    const counts = new BoundedCounts(clock);
    counts.add('lasting', 1, 1_000);
    for (let i = 0; i < 199_999; i += 1) counts.add(`short ${i}`, 1, 1);
    clock.instant += 2_000;
    counts.add('new', 1, 1);
    expect(counts.get('lasting')?.points).toBe(1);
  });

  it('keeps what lasts, however many come that do not', () => {
    const counts = new BoundedCounts(new StillClock());
    counts.add('failures of a day', 1, 86_400);
    for (let i = 0; i < 500_000; i += 1) counts.add(`mails of an hour ${i}`, 1, 3_600);
    expect(counts.get('failures of a day')?.points).toBe(1);
  });

  it('makes room rarely: where one is over as often as one comes, each costs no more than before', () => {
    const clock = new StillClock();
    const counts = new BoundedCounts(clock);
    for (let i = 0; i < 200_000; i += 1, clock.instant += 18) counts.add(`mails ${i}`, 1, 3_600);
    for (let i = 0; i < 500; i += 1, clock.instant += 18) counts.add(`more mails ${i}`, 1, 3_600);
    // Once for all of them: a tenth went with the first.
    const { size } = (counts as unknown as { counts: Map<string, unknown> }).counts;
    expect(size).toBe(180_500);
  });

  it('counts until the end of the window that the first one began', () => {
    const clock = new StillClock();
    const counts = new BoundedCounts(clock);
    expect(counts.add('x', 1, 10).points).toBe(1);
    clock.instant += 9_999;
    expect(counts.add('x', 1, 10).points).toBe(2);
    clock.instant += 1;
    expect(counts.add('x', 1, 10).points).toBe(1);
  });
});

describe('addressKey', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['nonsense', 'unknown'],
  ])('takes %s for %s', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });
});
