// @ts-check

/** What the route under measurement answers, in every system. */
export const CONSTANT = { message: 'constant' };
