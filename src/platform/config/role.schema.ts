import { partsOf, type Rule } from './rule.schema.js';

/** `admin` is among them whether it is written or not: without it nobody could administer. */
export const roles: Rule<readonly string[]> = {
  sentence: 'names separated by commas, each 1 to 32 characters of a–z, 0–9, "_" and "-", the first a letter',
  parse: (text) => {
    const list = partsOf(text);
    const isGood = list.every((part) => /^[a-z][a-z0-9_-]{0,31}$/.test(part));
    return isGood ? Object.freeze([...new Set([...list, 'admin'])]) : undefined;
  },
};
