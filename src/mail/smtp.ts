/** Milliseconds. An attempt as a whole has the outbox's bound. */
const TIMEOUTS = {
  dnsTimeout: 5_000,
  connectionTimeout: 10_000,
  greetingTimeout: 10_000,
  socketTimeout: 20_000,
};
/** Neither a template nor a variable makes the mailer read a file or call a URL. */
export const CLOSED = { disableFileAccess: true, disableUrlAccess: true };

/** A way to the server of an `SMTP_URL`. */
export async function smtpTransport(smtpUrl: string) {
  const { createTransport } = await import('nodemailer');
  return createTransport({ ...smtpOptions(smtpUrl), ...TIMEOUTS, ...CLOSED });
}

function smtpOptions(text: string) {
  const { protocol, hostname, port, username, password } = new URL(text);
  const host = hostname.replace(/^\[|\]$/g, '');
  const secure = protocol === 'smtps:';
  const hasCredentials = username !== '';
  const isLocal = /^(localhost|127\.[0-9.]+|::1)$/.test(host);
  return {
    host,
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    secure,
    // Credentials leave this machine encrypted or not at all; without any, STARTTLS where the server offers it.
    requireTLS: hasCredentials && !isLocal,
    ...(hasCredentials && {
      auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) },
    }),
  };
}
