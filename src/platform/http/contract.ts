import { randomUUID } from 'node:crypto';
import type { Type } from '@nestjs/common';
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
  /** The DTOs of its error bodies, for the API document: of any error, and of a request that does not validate. */
  readonly errorBodies: { readonly any: Type; readonly validation: Type };
}

/** Finds the contract of a path; what lies under no prefix speaks the first one's language. */
export class Contracts {
  constructor(readonly all: readonly [Contract, ...Contract[]]) {}

  of(path: string): Contract {
    return this.all.find(({ prefix }) => path.startsWith(prefix)) ?? this.all[0];
  }
}

const origin = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i;
/** Letters, digits and `-._~`, which need no escape (RFC 3986 §2.3). */
const needlessEscape = /%(?:2[de]|3[0-9]|[46][1-9a-f]|[57][0-9a]|5f|7e)/gi;

/**
 * The path of a request target without its origin, query string and fragment, normalised by RFC 3986 §6.2.2.2: the
 * router takes all of those spellings for one route, so they must be one contract too.
 */
export function pathOf(target: string): string {
  const local = target.startsWith('/') ? target : target.replace(origin, '');
  const end = local.search(/[?#]/);
  const path = (end === -1 ? local : local.slice(0, end)) || '/';
  return path.includes('%') ? path.replace(needlessEscape, (escape) => decodeURIComponent(escape)) : path;
}

/** A lower-case UUID: the usual request id. */
export const uuidRequestId = (): string => randomUUID();
