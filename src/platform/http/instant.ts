/** An instant of epoch milliseconds as our bodies write it: UTC, whole seconds, offset `+00:00`. */
export const instant = (milliseconds: number): string =>
  `${new Date(milliseconds).toISOString().slice(0, 19)}+00:00`;
