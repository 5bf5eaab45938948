import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateFilms1764000000001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(
      new Table({
        name: 'films',
        columns: [
          {
            name: 'id',
            type: 'integer',
            isPrimary: true,
            isGenerated: true,
            generationStrategy: 'increment',
          },
          { name: 'title', type: 'varchar', length: '200' },
          { name: 'director', type: 'varchar', length: '200' },
          { name: 'year', type: 'integer' },
        ],
      }),
    );
    const rows = [
      ['Metropolis', 'Fritz Lang', 1927],
      ['Citizen Kane', 'Orson Welles', 1941],
      ['Tokyo Story', 'Yasujirō Ozu', 1953],
      ['Seven Samurai', 'Akira Kurosawa', 1954],
      ['The Apu Trilogy: Pather Panchali', 'Satyajit Ray', 1955],
      ['La Strada', 'Federico Fellini', 1954],
      ['Vertigo', 'Alfred Hitchcock', 1958],
      ['Cléo from 5 to 7', 'Agnès Varda', 1962],
      ['2001: A Space Odyssey', 'Stanley Kubrick', 1968],
      ['Stalker', 'Andrei Tarkovsky', 1979],
      ['Yi Yi', 'Edward Yang', 2000],
      ['Spirited Away', 'Hayao Miyazaki', 2001],
    ];
    for (const row of rows) {
      await queryRunner.query('INSERT INTO films (title, director, year) VALUES ($1, $2, $3)', row);
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('films');
  }
}
