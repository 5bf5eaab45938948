import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CONFIG, ConfigError, type Config } from '../platform/config/config.schema.js';
import { randomToken } from '../platform/crypto/random.js';
import { AppError } from '../platform/errors/app.errors.js';
import { exclusively } from '../platform/database/migrate.js';
import { canonicalEmail } from '../platform/validation/email.policy.js';
import { PasswordsService } from '../passwords/passwords.service.js';
import { UsersService } from '../users/users.service.js';

export interface FirstAdministrator {
  email: string;
  password: string;
  /** Whether the password was made here, and so is known to nobody yet. */
  isGenerated: boolean;
}

/** Creates the account with which a new installation is first entered. */
@Injectable()
export class FirstAdministratorService {
  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly dataSource: DataSource,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * On a database without accounts, creates one administrator, whichever of several copies comes first. `announce` is called
   * before the account is committed: a crash in between leaves no account whose password nobody has seen.
   */
  async ensure(announce: (administrator: FirstAdministrator) => void): Promise<void> {
    await exclusively(this.dataSource, async (manager) => {
      if (!(await this.users.isEmpty(manager))) return;
      const { bootstrapAdminEmail, bootstrapAdminPassword } = this.config;
      const email = canonicalEmail(bootstrapAdminEmail);
      if (email === undefined) throw new Error('BOOTSTRAP_ADMIN_EMAIL is no e-mail address');
      const password = bootstrapAdminPassword ?? randomToken();
      const passwordHash = await this.passwords.hash(password, { email }).catch(refused);
      await this.users.create({ email, role: 'admin', passwordHash }, manager);
      announce({ email, password, isGenerated: bootstrapAdminPassword === undefined });
    });
  }
}

/** Only a configured password can break the policy. */
function refused(error: unknown): never {
  throw error instanceof AppError ? new ConfigError([`BOOTSTRAP_ADMIN_PASSWORD: ${error.sentence}`]) : error;
}
