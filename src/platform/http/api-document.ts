import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, getSchemaPath, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { Contract, Contracts } from './contract.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

/** The refusals that any route of its kind may answer, so that no controller repeats them. */
function commonRefusals({ requestBody, parameters, security }: Operation): Record<number, string> {
  return {
    ...((requestBody || parameters?.length) && { 400: 'The request does not validate.' }),
    ...(security?.length && { 401: 'The access token is missing, malformed, expired or revoked.' }),
    ...(requestBody && {
      413: 'The body is larger than 16 KiB.',
      415: 'The body is no JSON by its content type.',
    }),
    500: 'Something failed on our side.',
    503: 'The database cannot be reached, or the server is closing.',
  };
}

function addRefusals(operation: Operation, { errorBodies }: Contract): void {
  const { responses } = operation;
  for (const [status, description] of Object.entries(commonRefusals(operation)))
    responses[status] ??= { description };
  for (const [status, response] of Object.entries(responses)) {
    if (!response || '$ref' in response || Number(status) < 400) continue;
    const $ref = getSchemaPath(status === '400' ? errorBodies.validation : errorBodies.any);
    response.content ??= { 'application/json': { schema: { $ref } } };
  }
}

/** The OpenAPI document of the routes that `app` has. */
export function apiDocument(app: INestApplication, contracts: Contracts): OpenAPIObject {
  const options = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Gatehouse')
    .setDescription('E-mail, password and TOTP in, JSON Web Tokens out.')
    .setVersion('1')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/')
    .addBearerAuth()
    .build();
  const extraModels = contracts.all.flatMap(({ errorBodies }) => [errorBodies.any, errorBodies.validation]);
  const document = SwaggerModule.createDocument(app, options, { extraModels });
  for (const [path, item] of Object.entries(document.paths)) {
    for (const operation of [item.get, item.put, item.post, item.patch, item.delete]) {
      if (!operation) continue;
      // Said in so many words: whoever reads the document must not guess what is open.
      operation.security ??= [];
      addRefusals(operation, contracts.of(path));
    }
  }
  return document;
}

/** Swagger UI at `/docs`, the document at `/docs-json`; it is made when first asked for. */
export function serveApiDocument(app: INestApplication, contracts: Contracts): void {
  SwaggerModule.setup('docs', app, () => apiDocument(app, contracts), {
    jsonDocumentUrl: 'docs-json',
    // YAML would be made anew for everyone who asks: 6 ms of the event loop.
    raw: ['json'],
    customSiteTitle: 'Gatehouse API',
  });
}
