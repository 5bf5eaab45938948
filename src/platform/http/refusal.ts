import type { FastifyRequest } from 'fastify';
import type { AppError } from '../errors/app.errors.js';

/** A request that was answered with an error. */
export interface Refusal {
  request: FastifyRequest;
  error: AppError;
  /** What the client was told. */
  status: number;
}

/** Is told of every refusal by the one place that answers them. It must neither throw nor take its time. */
export type RecordRefusal = (refusal: Refusal) => void;
