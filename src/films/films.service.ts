import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { MoreThan, Repository } from 'typeorm';
import { Film } from './film.entity.js';
import type { FilmsPage, FilmsQuery } from './films.dto.js';

/** Reads the films, a page at a time. */
@Injectable()
export class FilmsService {
  constructor(@InjectRepository(Film) private readonly films: Repository<Film>) {}

  /** Keyset pagination: a page costs the same wherever it lies. */
  async page({ after, limit }: FilmsQuery): Promise<FilmsPage> {
    const rows = await this.films.find({
      where: { id: MoreThan(after) },
      order: { id: 'ASC' },
      take: limit + 1,
    });
    const films = rows.slice(0, limit);
    return { films, next: rows.length > limit ? (films.at(-1)?.id ?? null) : null };
  }
}
