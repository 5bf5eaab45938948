import { columns } from '../column.js';
import type { Preset } from '../preset.js';

/** Columns by our own names. */
export const generic: Preset = {
  format: 'csv',
  columns: Object.fromEntries(columns.map((column) => [column, column])),
};
