import { canonicalEmail } from '../validation/email.policy.js';
import { matching, type Rule } from './rule.schema.js';

function isSmtpUrl(text: string): boolean {
  if (!/^smtps?:\/\/[^\s/?#]+\/?$/.test(text) || !URL.canParse(text)) return false;
  const { username, password } = new URL(text);
  // Only whole escapes: they are decoded when the first mail is sent.
  return !/%(?![0-9a-f]{2})/i.test(username + password);
}

/** Credentials belong into it: it is a secret, and blank is a fault rather than mails that reach nobody. */
export const smtpUrl: Rule<string> = {
  ...matching(
    'a URL that starts with smtp:// or smtps://, with user and password (percent-encoded) where the server wants them',
    isSmtpUrl,
  ),
  secret: true,
};

/** A mailbox in ASCII, with a name or without: `Gatehouse <no-reply@example.com>`. */
export const sender: Rule<{ name: string; address: string }> = {
  sentence: 'an e-mail address in ASCII, or a name and the address in angle brackets',
  parse: (text) => {
    const [, name = '', bracketed] = /^([^<>"\p{C}]*)<([^<>]+)>$/u.exec(text) ?? [];
    const address = canonicalEmail(bracketed ?? text);
    return address === undefined ? undefined : Object.freeze({ name: name.trim(), address });
  },
};

/** Without the slash at its end. */
export const baseUrl: Rule<string> = {
  sentence: 'a URL that starts with http:// or https://, without query and fragment',
  parse: (text) =>
    /^https?:\/\/[^\s?#]+$/.test(text) && URL.canParse(text) ? text.replace(/\/+$/, '') : undefined,
};

export const tokenUrl = matching(
  'a URL that starts with http:// or https:// and has {token} in it, and {action} where one page does not do for all',
  (text) => /^https?:\/\/\S+$/.test(text) && text.includes('{token}') && URL.canParse(text),
);
