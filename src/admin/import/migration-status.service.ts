import { Inject, Injectable } from '@nestjs/common';
import { AuditEventsService } from '../../audit/audit-events.service.js';
import { schemeOf, type HashScheme } from '../../passwords/own-hash.cjs';
import { inspectHash } from '../../passwords/verifiers/registry.cjs';
import { Clock } from '../../platform/clock/clock.service.js';
import { CONFIG, type Config } from '../../platform/config/config.schema.js';
import { UserImportsService } from '../../users/user-imports.service.js';

const WEEK_MS = 7 * 86_400_000;
export const WEEKS = 4;

/** How far the accounts with one kind of hash have come. */
export interface KindStatus {
  kind: string;
  /** Accounts that still have it. */
  left: number;
  /** Those whose owner logged in and has ours since, in each of the last weeks, the oldest first. */
  upgraded: number[];
}

export interface MigrationStatus {
  /** How new hashes are made, for people. */
  own: string;
  /** Accounts whose hash is made so. */
  current: number;
  without_password: number;
  kinds: KindStatus[];
}

/** Counts hashes that came from elsewhere, and how fast they become ours. */
@Injectable()
export class MigrationStatusService {
  private readonly scheme: HashScheme;

  constructor(
    private readonly userImports: UserImportsService,
    private readonly auditEvents: AuditEventsService,
    private readonly clock: Clock,
    @Inject(CONFIG) config: Config,
  ) {
    this.scheme = schemeOf(config);
  }

  async status(): Promise<MigrationStatus> {
    const left = new Map<string, number>();
    for await (const hash of this.userImports.hashes()) {
      const kind = this.kindOf(hash);
      left.set(kind, (left.get(kind) ?? 0) + 1);
    }
    const upgraded = await this.upgradedByWeek();
    const take = (kind: string) => {
      const count = left.get(kind) ?? 0;
      left.delete(kind);
      return count;
    };
    const [current, without_password] = [take(CURRENT), take(NONE)];
    const kinds = [...new Set([...left.keys(), ...upgraded.keys()])].sort();
    const none = () => Array<number>(WEEKS).fill(0);
    return {
      own: this.scheme.name,
      current,
      without_password,
      kinds: kinds.map((kind) => ({
        kind,
        left: left.get(kind) ?? 0,
        upgraded: upgraded.get(kind) ?? none(),
      })),
    };
  }

  private kindOf(hash: string | null): string {
    if (hash === null) return NONE;
    if (this.scheme.isCurrent(hash)) return CURRENT;
    const inspected = inspectHash(hash);
    return 'kind' in inspected ? inspected.kind : 'unreadable';
  }

  private async upgradedByWeek(): Promise<Map<string, number[]>> {
    const since = this.clock.now() - WEEKS * WEEK_MS;
    const weeks = new Map<string, number[]>();
    let before: string | undefined;
    do {
      const filter = { event: 'account.password_upgraded', since, before, limit: 1_000 };
      const { events, next } = await this.auditEvents.page(filter);
      for (const { at, details } of events) {
        const { from } = JSON.parse(details) as { from: string };
        const counts = weeks.get(from) ?? Array<number>(WEEKS).fill(0);
        const week = Math.min(WEEKS - 1, Math.floor((at - since) / WEEK_MS));
        counts[week] = (counts[week] ?? 0) + 1;
        weeks.set(from, counts);
      }
      before = next ?? undefined;
    } while (before !== undefined);
    return weeks;
  }
}

const CURRENT = ' current';
const NONE = ' none';
