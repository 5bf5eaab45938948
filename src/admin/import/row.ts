/** What a row of an export holds, by column; of JSON, as it was parsed. */
export type Fields = Readonly<Record<string, unknown>>;

/** A row of an export: its fields, or why they cannot be read. */
export interface Row {
  /** Of a table and of JSON Lines the line that it begins on, of a document the entry; from 1. */
  line: number;
  /** As it came, byte by byte (latin1), with its line end. */
  raw: string;
  /** What has to precede it in a file of its own (latin1). */
  header: string;
  fields?: Fields;
  fault?: string;
}

/** Why a row is not taken: never with anything secret in it. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}
