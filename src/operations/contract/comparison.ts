import type { Answer } from './exchange.js';
import { claimsOf, describeValue, formOf } from './form.js';

/** One thing in which an answer is not as it was to be. Texts that are another each time are told by their form, never in full. */
export interface Difference {
  /** `status`, `header <name>`, `body.a.b`. */
  where: string;
  expected: string;
  actual: string;
}

/** Of the way between, or of the server's program: no client reads them. */
const ignored =
  /^(date|connection|keep-alive|transfer-encoding|content-length|content-encoding|server|via|age|etag|vary|alt-svc|set-cookie|x-powered-by|cf-.*|x-ratelimit-.*|ratelimit-.*)$/;

/** Compares an answer with the one that is expected. */
export class Comparison {
  readonly differences: Difference[] = [];
  /** Texts of the expected answer whose counterparts are others of the same form. */
  readonly counterparts = new Map<string, string>();

  constructor(expected: Answer, actual: Answer, ignoredHeaders: readonly string[] = []) {
    if (expected.status !== actual.status) this.add('status', String(expected.status), String(actual.status));
    for (const [name, value] of Object.entries(expected.headers ?? {})) {
      if (ignored.test(name) || ignoredHeaders.includes(name)) continue;
      this.header(name, value, actual.headers?.[name]);
    }
    if ('body' in expected) this.compare('body', expected.body, actual.body);
  }

  private header(name: string, expected: string, actual: string | undefined): void {
    const plain = (value: string) => value.toLowerCase().replace(/\s/g, '');
    if (actual !== undefined && plain(expected) === plain(actual)) return;
    this.compare(`header ${name}`, expected, actual);
  }

  private compare(where: string, expected: unknown, actual: unknown): void {
    const name = /([^. ]*)$/.exec(where)?.[1] ?? '';
    if (isObject(expected) && isObject(actual)) this.compareObjects(where, expected, actual);
    else if (Array.isArray(expected) && Array.isArray(actual)) this.compareLists(where, expected, actual);
    else {
      const [was, is] = [expected, actual].map((value) => describeValue(value, name)) as [string, string];
      if (was !== is) this.add(where, was, is);
      else if (typeof expected === 'string' && typeof actual === 'string' && expected !== actual)
        this.pair(where, expected, actual);
    }
  }

  private compareLists(where: string, expected: readonly unknown[], actual: readonly unknown[]): void {
    if (expected.length !== actual.length)
      this.add(where, `${expected.length} items`, `${actual.length} items`);
    else for (const [i, each] of expected.entries()) this.compare(`${where}[${i}]`, each, actual[i]);
  }

  private pair(where: string, expected: string, actual: string): void {
    this.counterparts.set(expected, actual);
    const [was, is] = [claimsOf(expected), claimsOf(actual)];
    if (formOf(expected) !== 'a JWT' || !was) return;
    for (const [claim, value] of Object.entries(was)) {
      const type = typeof is?.[claim];
      if (typeof value !== type) this.add(`${where}, claim ${claim}`, typeof value, type);
    }
  }

  private compareObjects(where: string, expected: object, actual: object): void {
    const [were, are] = [Object.keys(expected), Object.keys(actual)];
    for (const key of new Set([...were, ...are]))
      this.compare(`${where}.${key}`, at(expected, key), at(actual, key));
    const isSame = were.length === are.length && were.every((key) => are.includes(key));
    if (isSame && were.join() !== are.join())
      this.add(where, `keys ${were.join(', ')}`, `keys ${are.join(', ')}`);
  }

  private add(where: string, expected: string, actual: string): void {
    this.differences.push({ where, expected: expected.slice(0, 200), actual: actual.slice(0, 200) });
  }
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const at = (object: object, key: string): unknown => (object as Record<string, unknown>)[key];
