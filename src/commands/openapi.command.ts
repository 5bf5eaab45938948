import type { Type } from '@nestjs/common';
import type { OperatorCommand } from './operator.command.js';

/** `openapi`: the document of `appModule`'s routes. */
export function addOpenapi(program: OperatorCommand, appModule: () => Promise<Type>): void {
  program
    .command('openapi')
    .description(
      'Print the OpenAPI document of the HTTP API as JSON. Needs no database, and leaves no trace.',
    )
    .example('openapi > openapi.json')
    .action(async (_options: object, command: OperatorCommand) => {
      const { NestFactory } = await import('@nestjs/core');
      const { FastifyAdapter } = await import('@nestjs/platform-fastify');
      const { apiDocument } = await import('../platform/http/api-document.js');
      const { contracts } = await import('../auth/contracts/contracts.js');
      // A preview knows the modules and their routes, and makes none of their providers.
      const options = { preview: true, logger: false, abortOnError: false } as const;
      const document = apiDocument(
        await NestFactory.create(await appModule(), new FastifyAdapter(), options),
        contracts,
      );
      command.print(document, JSON.stringify(document, null, 2));
    });
}
