/** What was looked at, what was found, and what to do where that is not as it should be. */
export interface Finding {
  check: string;
  state: 'ok' | 'warn' | 'fail';
  found: string;
  remedy?: string;
}

/** The check `name`'s ways to say what it found. */
export function findingsOf(check: string) {
  return {
    ok: (found: string): Finding => ({ check, state: 'ok', found }),
    warn: (found: string, remedy: string): Finding => ({ check, state: 'warn', found, remedy }),
    fail: (found: string, remedy: string): Finding => ({ check, state: 'fail', found, remedy }),
  };
}
