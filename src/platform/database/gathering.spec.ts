import { describe, expect, it } from '@jest/globals';
import { Gathering } from './gathering.js';

/** Doubles numbers, one statement at a time, and remembers what it was asked together. */
function doubling() {
  const asked: number[][] = [];
  let under = 0;
  const gathering = new Gathering<number, number>(async (questions) => {
    asked.push(questions);
    under += 1;
    expect(under).toBe(1);
    await new Promise((resolve) => setImmediate(resolve));
    under -= 1;
    if (questions.includes(13)) throw new Error('no luck');
    return questions.map((question) => question * 2);
  });
  return { asked, ask: (question: number) => gathering.ask(question) };
}

describe('Gathering', () => {
  it('asks together what comes together, and gives each its own answer', async () => {
    const { asked, ask } = doubling();
    expect(await Promise.all([ask(1), ask(2), ask(3)])).toEqual([2, 4, 6]);
    expect(asked).toEqual([[1, 2, 3]]);
  });

  it('gathers the next questions while a statement is on its way, a hundred at most', async () => {
    const { asked, ask } = doubling();
    const first = ask(0);
    await new Promise((resolve) => setImmediate(resolve));
    const rest = Array.from({ length: 150 }, (_, i) => ask(i + 1000));
    expect(await Promise.all([first, ...rest])).toHaveLength(151);
    expect(asked.map(({ length }) => length)).toEqual([1, 100, 50]);
  });

  it('fails those who share a statement that fails, and nobody after them', async () => {
    const { ask } = doubling();
    const results = await Promise.allSettled([ask(13), ask(1)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await ask(2)).toBe(4);
  });

  it('fails those behind a statement that fails late, and at once: each in turn would wait as long again', async () => {
    let asked = 0;
    const gathering = new Gathering<number, number>(async () => {
      asked += 1;
      await new Promise((resolve) => setTimeout(resolve, 600));
      throw new Error('no answer');
    });
    const first = gathering.ask(0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const behind = Array.from({ length: 150 }, (_, i) => gathering.ask(i));
    const results = await Promise.allSettled([first, ...behind]);
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['rejected']));
    expect(asked).toBe(1);
    await expect(gathering.ask(1)).rejects.toThrow('no answer');
    expect(asked).toBe(2);
  });
});
