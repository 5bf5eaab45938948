import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';
import { Film } from './film.entity.js';

/** Which page: at most `limit` films, those whose id is greater than `after`. */
export class FilmsQuery {
  @ApiPropertyOptional({ default: 20, minimum: 1, maximum: 100, type: 'integer' })
  @Type(() => Number)
  @IsInt({ message: 'The limit field must be an integer.' })
  @Min(1, { message: 'The limit field must be at least 1.' })
  @Max(100, { message: 'The limit field must be at most 100.' })
  limit = 20;

  @ApiPropertyOptional({ default: 0, minimum: 0, maximum: 2147483647, type: 'integer' })
  @Type(() => Number)
  @IsInt({ message: 'The after field must be an integer.' })
  @Min(0, { message: 'The after field must be at least 0.' })
  @Max(2147483647, { message: 'The after field must be at most 2147483647.' })
  after = 0;
}

/** A page of films. */
export class FilmsPage {
  @ApiProperty({ type: [Film] })
  films!: Film[];

  @ApiProperty({
    type: 'integer',
    nullable: true,
    example: 9,
    description: 'Ask `?after=` this for the next page; null on the last.',
  })
  next!: number | null;
}
