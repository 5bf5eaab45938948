import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { statement } from '../platform/database/statement.js';
import type { Film } from './film.entity.js';
import type { FilmsPage, FilmsQuery } from './films.dto.js';

const PAGE = 'SELECT id, title, director, year FROM films WHERE id > $1 ORDER BY id LIMIT $2';

/** Reads the films, a page at a time. */
@Injectable()
export class FilmsService {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Keyset pagination: a page costs the same wherever it lies. */
  async page({ after, limit }: FilmsQuery): Promise<FilmsPage> {
    const rows = await statement<Film>(this.dataSource, PAGE, [after, limit + 1]);
    const films = rows.slice(0, limit);
    return { films, next: rows.length > limit ? (films.at(-1)?.id ?? null) : null };
  }
}
