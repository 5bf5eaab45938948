import { registerDecorator } from 'class-validator';
import { canonicalEmail } from './email.policy.js';

/** An absent key, `null` and an empty string all count as not sent. */
export const isBlank = (value: unknown): boolean => value === undefined || value === null || value === '';

/** The ranks in which a field's broken rules are reported. */
export const ruleRanks = ['required', 'type', 'format'] as const;
type RuleRank = (typeof ruleRanks)[number];

/** A rule for a field that was sent (the `required` rank: for one that was not). */
function rule(
  rank: RuleRank,
  sentence: (field: string) => string,
  holds: (value: unknown) => boolean,
): PropertyDecorator {
  return (target, property) => {
    registerDecorator({
      name: rank,
      target: target.constructor,
      propertyName: property as string,
      options: { message: ({ property: field }) => sentence(field) },
      validator: { validate: (value: unknown) => (isBlank(value) ? rank !== 'required' : holds(value)) },
    });
  };
}

export const Required = () =>
  rule(
    'required',
    (field) => `The ${field} field is required.`,
    () => true,
  );

export const Text = () =>
  rule(
    'type',
    (field) => `The ${field} field must be a string.`,
    (value) => typeof value === 'string',
  );

/** An address that `canonicalEmail` knows a form for. */
export const Email = () =>
  rule(
    'format',
    (field) => `The ${field} field must be a valid email address.`,
    (value) => canonicalEmail(value) !== undefined,
  );

/** Exactly six ASCII digits (RFC 6238; parsers that skip spaces or letters would match more than one text). */
export const SixDigits = () =>
  rule(
    'format',
    (field) => `The ${field} field must be 6 digits.`,
    (value) => typeof value === 'string' && /^[0-9]{6}$/.test(value),
  );

/** Well-formed Unicode without NUL: what a database stores, and what UTF-8 tells apart. */
export const StorableText = () =>
  rule(
    'format',
    (field) => `The ${field} field contains an invalid character.`,
    (value) => typeof value !== 'string' || !/\0|\p{Surrogate}/u.test(value),
  );

/** A body that is no object has none of the fields; blank fields are as good as absent. */
export function asFields(body: unknown): Record<string, unknown> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return {};
  return Object.fromEntries(Object.entries(body).filter(([, value]) => !isBlank(value)));
}

/** 16 to 64 letters and digits, however grouped: those that came with an account may be longer than ours. */
export const RecoveryCodeText = () =>
  rule(
    'format',
    (field) => `The ${field} field must be 16 to 64 letters and digits.`,
    (value) => typeof value === 'string' && /^[a-z0-9]{16,64}$/i.test(value.replace(/[ -]/g, '')),
  );
