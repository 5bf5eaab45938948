import { isNativeError } from 'node:util/types';

/** Native: of any realm, a test's sandbox or a worker's. The others: better-sqlite3's, which are made by hand. */
export const isError = (value: unknown): value is Error => isNativeError(value) || value instanceof Error;
