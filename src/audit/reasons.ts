import { PROGRAM } from '../platform/package.js';
import type { AuditEvent } from './audit-event.entity.js';

/** A refusal in plain words. */
export interface Explanation {
  /** Why, to be read after "because". */
  why: string;
  /** What to do about it. */
  remedy: string;
}

type Details = Record<string, unknown>;

/** Somebody else's clock: in steps of 30 s. */
const seconds = ({ steps }: Details): string => `${Number(steps) * 30} s`;

/** Every reason that a refusal may have; a test finds those in the source that are not here. */
export const reasons: Readonly<Record<string, (details: Details) => [why: string, remedy: string]>> = {
  unknown_email: () => [
    'no account has the e-mail address that was given',
    `Ask for the address that was typed, and look for it: ${PROGRAM} users list --search <part>`,
  ],
  wrong_password: () => ['the password was not the account’s', 'Try again, or have the password reset.'],
  no_password: () => [
    'the account has no password yet',
    `Set one: ${PROGRAM} users set-password <user> --password-stdin`,
  ],
  account_disabled: () => [
    'the account is disabled',
    `See when and by whom: ${PROGRAM} audit list --user <user>; let it in again: ${PROGRAM} users enable <user>`,
  ],
  account_changed: () => [
    'the account was changed (password, disabled, deleted) while the request was under way',
    'Log in again, with what is right now.',
  ],
  code_missing: () => [
    'the password was right, the account has two-factor on, and no code came with it',
    'Ask for the code of the authenticator app, and send it as "code".',
  ],
  wrong_code: () => [
    'the code was wrong, and was not shown within five minutes before or after either',
    'Look whether the app shows the right account; if the phone is lost, use a recovery code.',
  ],
  clock_behind: (details) => [
    `the code was right ${seconds(details)} ago: the clock of the phone is behind, or the code was sent late`,
    'Set the phone’s clock to automatic, and the server’s by NTP; then use the code that is shown.',
  ],
  clock_ahead: (details) => [
    `the code will be right in ${seconds(details)}: the clock of the phone is ahead, or the server’s is behind`,
    'Set the phone’s clock to automatic, and the server’s by NTP; then use the code that is shown.',
  ],
  code_used: () => [
    'that code, or a later one, was used already, and each is good once',
    'Wait until the app shows another code. If its owner used none: somebody else did, so change the password.',
  ],
  wrong_recovery_code: () => [
    'the recovery code is none of the account’s, or was used already',
    `Use another; if there is none: ${PROGRAM} users reset-two-factor <user>`,
  ],
  code_budget_spent: () => [
    'five wrong codes in a row had come: no code is accepted for 15 minutes',
    'Wait for 15 minutes after the last try. If its owner did not try, somebody knows the password: change it.',
  ],
  secret_unreadable: () => [
    'the stored secret of the account’s authenticator cannot be decrypted: ENCRYPTION_KEY is another than it was',
    `Put the old key into ENCRYPTION_PREVIOUS_KEYS; or, for this account: ${PROGRAM} users reset-two-factor <user>`,
  ],
  too_many_logins_of_address: () => [
    'too many logins came from its address within a minute (LOGINS_PER_MINUTE_PER_ADDRESS)',
    'Wait a minute. If many people share the address, or a proxy is in front, see LOGINS_PER_MINUTE_PER_ADDRESS and TRUST_PROXY.',
  ],
  too_many_failures_of_address: () => [
    'too many wrong passwords came from its address within a minute (LOGIN_FAILURES_PER_MINUTE_PER_ADDRESS)',
    'Wait a minute. If a proxy is in front of Gatehouse, see TRUST_PROXY.',
  ],
  too_many_at_once_of_address: () => [
    'the wrong passwords of the last minute and the tries under way from its address were a quarter more than LOGIN_FAILURES_PER_MINUTE_PER_ADDRESS',
    'Try again. If many people share the address, or a proxy is in front, see LOGIN_FAILURES_PER_MINUTE_PER_ADDRESS, LOGINS_PER_MINUTE_PER_ADDRESS and TRUST_PROXY.',
  ],
  too_many_failures_of_account: () => [
    'too many wrong passwords came for this e-mail address within a day, from places it has not signed in from',
    'Its owner can log in from where they did before; elsewhere when the day is over (LOGIN_FAILURES_PER_DAY_PER_ACCOUNT).',
  ],
  account_delayed: () => [
    'several wrong passwords had come for this e-mail address, which makes the next try wait for some seconds',
    'Wait for as long as Retry-After says, 10 s at most.',
  ],
  too_many_refreshes: () => [
    'the session refreshed too often within five minutes (REFRESHES_PER_5_MINUTES_PER_SESSION)',
    'Look for a loop in the client: a token need not be refreshed before it is about to expire.',
  ],
  too_many_requests_of_address: () => [
    'too many requests to register, or about mailed tokens, came from its address within a minute',
    'Wait a minute. If a proxy is in front of Gatehouse, see TRUST_PROXY and ACCOUNT_REQUESTS_PER_MINUTE_PER_ADDRESS.',
  ],
  too_many_mails: () => [
    'too many mails to this e-mail address were asked for within an hour (MAILS_PER_HOUR_PER_EMAIL)',
    'Look for the mails that were sent already, in the folder for spam too; else wait.',
  ],
  too_many_changes: () => [
    'the account’s owner, or somebody with their password, had changed its password or asked for another e-mail too often within an hour (MAILS_PER_HOUR_PER_EMAIL)',
    'Wait for as long as Retry-After says. If its owner did not change it, have it reset by mail, which ends every session.',
  ],
  unknown_token: () => [
    'the mailed token is none, was used already, a newer one took its place, its account was disabled, or it expired more than a day ago',
    'Ask for another mail, and take the newest.',
  ],
  expired_token: () => ['the mailed token had expired', 'Ask for another mail, and use it in time.'],
  account_deleted: () => ['the account of the mailed token is gone', 'Create or register it anew.'],
  hashing_queue_full: () => [
    'more logins were waiting than the server can hash in time (LOGIN_QUEUE_MAX_WAIT_MS)',
    'Wait as long as Retry-After says. If it happens often: more cores, another copy, or a lower BCRYPT_COST.',
  ],
  client_hung_up: () => [
    'the client closed the connection before its turn came',
    'Look at the client’s timeout.',
  ],
  token_missing: () => [
    'the route asks for an access token, and none came',
    'Send the header "Authorization: Bearer <token>". Some proxies take it away.',
  ],
  authorization_unreadable: () => [
    'the Authorization header was no single "Bearer <token>"',
    'Send it once, in that form.',
  ],
  token_of_no_key: () => [
    'the token is none of ours: cut off, changed, or of a signing key that is unknown here or has retired',
    `Log in again. If it happens to everybody: the secret was changed, or copies differ in it; see ${PROGRAM} keys list`,
  ],
  signature_wrong: () => [
    'the signature of the token is wrong: it was changed, or signed with another secret',
    'Log in again. If it happens to everybody: JWT_SECRET was changed, or copies differ in it.',
  ],
  claims_malformed: () => [
    'the token is signed with our key, and does not hold what we put into tokens',
    'Find out what else signs with this key: it must be nobody’s but Gatehouse’s.',
  ],
  issued_elsewhere: () => [
    'the token was issued with another issuer or audience',
    'Compare JWT_ISSUER and JWT_AUDIENCE of the installation that issued it.',
  ],
  token_expired: () => ['the token had expired', 'Log in again, or refresh before the token’s exp.'],
  issued_in_the_future: () => [
    'the token was issued in the future: the clocks of two copies differ by more than 30 s',
    'Set the servers’ clocks by NTP.',
  ],
  session_ended: () => [
    'the token’s session has ended: signed out, ended by its owner or an administrator, or by a change of the account',
    `Log in again. What ended it: ${PROGRAM} audit list --user <user>`,
  ],
  token_reused: () => [
    'the token had been refreshed before, longer ago than the grace: somebody else may have a copy, so the session was ended',
    'Log in again. If it is no bug of the client, which must keep the newest token only, change the password.',
  ],
  not_the_sessions_account: () => [
    'the token names another account than its session does',
    'Find out what else signs with this key: it must be nobody’s but Gatehouse’s.',
  ],
  revocations_stale: () => [
    'this copy could not read for too long which sessions ended, and so lets nobody in',
    'Look at the database, and at the log of this copy (REVOCATION_MAX_STALENESS_SECONDS).',
  ],
  no_metrics_token: () => [
    'the metrics were asked for without the token of METRICS_TOKEN',
    'Give the token to whoever collects the metrics, as "Authorization: Bearer …".',
  ],
  role_missing: ({ role }) => [
    `the account’s role, ${String(role)}, may not do this`,
    `If it should: ${PROGRAM} users set-role <user> --role <role>`,
  ],
  no_longer_administrator: () => [
    'who asked was an administrator when the token was issued, and is none any more',
    `See by whom that was changed: ${PROGRAM} audit list --user <user>`,
  ],
  not_written: () => ['the database did not take these rows', 'Look at the log of that time.'],
};

/** What is said where a refusal has no reason but its code: `docs/errors.md` has a line for each. */
const byCode = (code: string): [string, string] => [
  `it was answered with \`${code}\``,
  'What that means and what to do: docs/errors.md; of a failure on our side, the log line with this request id has the cause.',
];

/** Why a refusal was one, in plain words; undefined for what was no refusal. */
export function explanationOf({
  reason,
  details,
}: Pick<AuditEvent, 'reason' | 'details'>): Explanation | undefined {
  const facts = JSON.parse(details) as Details;
  if (reason === null && facts['code'] === undefined) return undefined;
  const [why, remedy] =
    (reason === null ? undefined : reasons[reason])?.(facts) ?? byCode(String(facts['code']));
  return { why, remedy };
}
