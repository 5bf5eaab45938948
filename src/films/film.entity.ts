import { ApiProperty } from '@nestjs/swagger';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** A film: a row of the worked example. */
@Entity('films')
export class Film {
  @ApiProperty({ type: 'integer', example: 9 })
  @PrimaryGeneratedColumn({ type: 'integer' })
  id!: number;

  @ApiProperty({ example: '2001: A Space Odyssey' })
  @Column({ type: 'varchar', length: 200 })
  title!: string;

  @ApiProperty({ example: 'Stanley Kubrick' })
  @Column({ type: 'varchar', length: 200 })
  director!: string;

  @ApiProperty({ type: 'integer', example: 1968 })
  @Column({ type: 'integer' })
  year!: number;
}
