import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditService } from '../../audit/audit.service.js';
import { OPERATOR } from '../../audit/events.js';
import { AppError } from '../../platform/errors/app.errors.js';
import { FactorImportsService } from '../../two-factor/factor-imports.service.js';
import type { User } from '../../users/user.entity.js';
import { UserImportsService } from '../../users/user-imports.service.js';
import { usersErrors } from '../../users/users.errors.js';
import { UsersService } from '../../users/users.service.js';
import { AccountAccessService } from '../account-access.service.js';
import type { Changes } from './import-plan.js';

/** Gives accounts that are there what another system says of them. */
@Injectable()
export class OverwritingService {
  constructor(
    private readonly users: UsersService,
    private readonly userImports: UserImportsService,
    private readonly factorImports: FactorImportsService,
    private readonly access: AccountAccessService,
    private readonly audit: AuditService,
  ) {}

  /** Changes an account whose row the transaction holds, and ends its sessions. False: it is the last administrator, and stays so. */
  async overwrite(account: User, changes: Changes, manager: EntityManager): Promise<boolean> {
    const { factor, ...columns } = changes;
    if (takesAnAdministrator(columns) && !(await this.another(account, manager))) return false;
    if (Object.keys(columns).length > 0) await this.userImports.update(account.id, columns, manager);
    if (factor) await this.factorImports.replace(factor, manager);
    const { disabledAt = null, passwordHash } = columns;
    const changed = { isDisabled: disabledAt !== null, password: passwordHash !== undefined };
    await this.access.end(account.id, changed, manager);
    const details = { changed: Object.keys(changes) };
    await this.audit.record('account.overwritten', { account, origin: OPERATOR, details }, manager);
    return true;
  }

  /** Whether an administrator is left without that account. */
  private async another(account: User, manager: EntityManager): Promise<boolean> {
    try {
      await this.users.keepAnAdministrator(account, manager);
      return true;
    } catch (error) {
      if (error instanceof AppError && error.definition === usersErrors.last_administrator) return false;
      throw error;
    }
  }
}

const takesAnAdministrator = ({ role = 'admin', disabledAt = null }: Changes): boolean =>
  role !== 'admin' || disabledAt !== null;
