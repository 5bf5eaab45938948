/** SQL: whether the account whose id is in `column` has two-factor on. */
export const enabledIn = (column: string): string =>
  `EXISTS (SELECT 1 FROM two_factor WHERE user_id = ${column} AND confirmed_at > 0)`;
