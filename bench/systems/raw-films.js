// @ts-check
import Database from 'better-sqlite3';
import { fastify } from 'fastify';
import { portOf, serve } from './channel.js';

const database = new Database(process.env['DATABASE_FILE'] ?? '', { readonly: true, fileMustExist: true });
const page = database.prepare(
  'SELECT id, title, director, year FROM films WHERE id > ? ORDER BY id ASC LIMIT ?',
);
const [after, limit] = [0, 20];

const server = fastify();
server.get('/api/films', () => {
  const rows = /** @type {{ id: number }[]} */ (page.all(after, limit + 1));
  const films = rows.slice(0, limit);
  return { films, next: rows.length > limit ? (films.at(-1)?.id ?? null) : null };
});
await server.listen({ port: 0, host: '127.0.0.1' });
serve({ port: portOf(server.server) });
