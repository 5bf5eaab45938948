import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CONFIG, type Config } from '../platform/config/config.schema.js';
import { PACKAGE_FOLDER } from '../platform/package.js';
import { escapeHtml, fill, namesIn, type Variables } from './template.js';

const OWN_FOLDER = join(PACKAGE_FOLDER, 'templates', 'mail');

/** What each mail's template may use, beside `to` and `public_url`. */
const templates = {
  'verify-email': ['token', 'link', 'asked_at', 'asked_from', 'valid_for'],
  'address-taken': ['asked_at', 'asked_from'],
  'reset-password': ['token', 'link', 'asked_at', 'asked_from', 'valid_for'],
  'password-changed': ['changed_at'],
  'confirm-email': ['token', 'link', 'asked_at', 'asked_from', 'valid_for'],
  'email-change-asked': ['new_email', 'asked_at', 'asked_from'],
  'email-changed': ['new_email', 'changed_at'],
} as const;

export type TemplateName = keyof typeof templates;

export interface RenderedMail {
  subject: string;
  text: string;
  html: string;
}

/** The texts of our mails: files that ship with Gatehouse, each replaced by one of the same name in MAIL_TEMPLATES_DIR. */
@Injectable()
export class TemplatesService implements OnModuleInit {
  private readonly loaded = new Map<string, string>();

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /** Reads all of them: a mistake in one stops the start, and not the mail to somebody who waits for it. */
  onModuleInit(): void {
    for (const [name, variables] of Object.entries(templates)) {
      for (const type of ['txt', 'html']) this.load(`${name}.${type}`, [...variables, 'to', 'public_url']);
      subjectAndText(`${name}.txt`, this.template(`${name}.txt`));
    }
  }

  render(name: TemplateName, variables: Variables): RenderedMail {
    const { subject, text } = subjectAndText(`${name}.txt`, this.template(`${name}.txt`));
    const plain = (value: string) => value;
    return {
      // A header of one line, whatever the variables hold.
      subject: fill(subject, variables, plain).replace(/\p{Cc}+/gu, ' '),
      text: fill(text, variables, plain),
      html: fill(this.template(`${name}.html`), variables, escapeHtml),
    };
  }

  private load(file: string, variables: readonly string[]): void {
    const { mailTemplatesDir } = this.config;
    const own = join(OWN_FOLDER, file);
    const theirs = mailTemplatesDir === undefined ? own : join(mailTemplatesDir, file);
    const text = readFileSync(existsSync(theirs) ? theirs : own, 'utf8').replaceAll('\r\n', '\n');
    const unknown = namesIn(text).find((name) => !variables.includes(name));
    if (unknown) throw new Error(`${theirs}: {{${unknown}}} is none of ${variables.join(', ')}`);
    this.loaded.set(file, text);
  }

  private template(file: string): string {
    return this.loaded.get(file) ?? '';
  }
}

function subjectAndText(file: string, content: string): { subject: string; text: string } {
  const [, subject, text] = /^Subject: (\S[^\n]*)\n\n(.*)$/s.exec(content) ?? [];
  if (subject === undefined || text === undefined)
    throw new Error(`the mail template ${file} must begin with "Subject: …" and an empty line`);
  return { subject, text };
}
