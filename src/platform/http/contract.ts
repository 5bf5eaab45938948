import { randomUUID } from 'node:crypto';
import type { AppError } from '../errors/app.errors.js';

/** What an error body may tell of its request. */
export interface ErrorScene {
  /** The request's path without its query string. */
  path: string;
  requestId: string;
  /** Milliseconds since the Unix epoch. */
  now: number;
}

/** A published API: who writes the errors of the paths under its prefix, and how. */
export interface Contract {
  /** With its closing slash, as in `/v1/`. */
  readonly prefix: string;
  /** A fresh request id in the form that the contract documents for `path`. */
  requestId(path: string): string;
  /** The status and JSON body by which this contract reports `error`. */
  describe(error: AppError, scene: ErrorScene): { status: number; body: object };
}

/** Finds the contract of a path; what lies under no prefix speaks the first one's language. */
export class Contracts {
  constructor(private readonly contracts: readonly [Contract, ...Contract[]]) {}

  of(path: string): Contract {
    return this.contracts.find(({ prefix }) => path.startsWith(prefix)) ?? this.contracts[0];
  }
}

/** The path of a request target, without its query string. */
export function pathOf(url: string): string {
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}

/** A lower-case UUID: the usual request id. */
export const uuidRequestId = (): string => randomUUID();
