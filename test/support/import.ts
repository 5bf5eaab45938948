import { Readable } from 'node:stream';
import type { Reading } from '../../src/admin/import/candidate.js';
import { ImportRun, type Tally } from '../../src/admin/import/import-run.js';
import { ImportsService, type BatchOptions } from '../../src/admin/import/imports.service.js';
import { presets } from '../../src/admin/import/presets.js';
import type { Row } from '../../src/admin/import/row.js';
import { rowsOf } from '../../src/admin/import/rows.reader.js';
import type { Format, System } from '../../src/admin/import/system.js';
import type { TestApp } from './app.js';

export interface ImportOptions
  extends Partial<Omit<BatchOptions, 'from'>>, Partial<Omit<Reading, 'preset' | 'keys'>> {
  from?: System;
  format?: Format;
  keys?: Partial<Reading['keys']>;
}

export interface Imported {
  tally: Tally;
  rejected: { row: Row; reason: string }[];
}

/** Brings accounts into a running application, as the command does, without a process of its own. */
export async function importText(
  t: TestApp,
  text: string | Iterable<string>,
  options: ImportOptions = {},
): Promise<Imported> {
  const { from = 'generic', format = 'csv', keys, ...rest } = options;
  const now = t.clock.now();
  const preset = presets[from];
  const reading: Reading = {
    preset,
    map: new Map(),
    acceptUnverified: false,
    unconfirmed: undefined,
    ...rest,
    keys: { roles: t.config.roles, now, ...keys },
  };
  const batch: BatchOptions = {
    onConflict: 'skip',
    role: 'client',
    overwriteCredentials: false,
    wrap: false,
    dryRun: false,
    now,
    ...rest,
    from,
  };
  const rejected: Imported['rejected'] = [];
  const run = new ImportRun(t.app.get(ImportsService), reading, batch, {
    rejected: (row, reason) => void rejected.push({ row, reason }),
    progress: () => undefined,
  });
  const chunks = typeof text === 'string' ? [text] : text;
  const bytes = Readable.from(chunks).map((chunk: string) => Buffer.from(chunk)) as AsyncIterable<Buffer>;
  return { tally: await run.run(rowsOf(bytes, { format, separator: ',', preset })), rejected };
}
