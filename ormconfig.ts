import { loadConfig } from './src/platform/config/config.module.js';
import { createDataSource, dataSourceOptions } from './src/platform/database/data-source.js';

/** The door for TypeORM's own command line: `npm run typeorm -- migration:show`. */
export default await createDataSource({
  ...dataSourceOptions(loadConfig()),
  entities: ['src/**/*.entity.ts'],
});
