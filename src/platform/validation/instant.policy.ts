/** Epoch milliseconds of a date or time in ISO 8601; undefined also of a day that no month has, which V8 counts into the next one. */
export function parseInstant(text: string): number | undefined {
  const instant = Date.parse(text);
  if (Number.isNaN(instant)) return undefined;
  const day = text.slice(0, 10);
  return new Date(day).toISOString().startsWith(day) ? instant : undefined;
}
