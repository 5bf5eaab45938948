import type { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { gauge } from '../metrics/registry.js';
import { turnsOf } from './sqlite.driver.js';

const connections = gauge(
  'database_connections',
  'Connections to the database that are busy and idle, and statements that wait for one',
  'busy',
  'idle',
  'waiting',
);

/** From now on the metric tells of `dataSource`; SQLite's one connection is busy while somebody has the turn. */
export function measureConnections(dataSource: DataSource): void {
  connections.readFrom(() => {
    if (dataSource.options.type !== 'postgres') return turnsOf(dataSource);
    const { totalCount, idleCount, waitingCount } = (dataSource.driver as PostgresDriver).master as {
      totalCount: number;
      idleCount: number;
      waitingCount: number;
    };
    return { busy: totalCount - idleCount, idle: idleCount, waiting: waitingCount };
  });
}
