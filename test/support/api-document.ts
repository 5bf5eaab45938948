import type { RawAnswer } from './socket.js';

export interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema;
  required?: string[];
  items?: Schema;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  maxLength?: number;
  pattern?: string;
  format?: string;
  example?: unknown;
}
export interface Content {
  content?: { 'application/json'?: { schema: Schema } };
}
export interface Operation {
  parameters?: { name: string; in: string; schema: Schema }[];
  requestBody?: Content;
  responses: Record<string, Content & { headers?: object }>;
}
export interface ApiDocument {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

/** What a request may be answered before, or whatever, its route is. */
const GENERAL = [400, 404, 405, 408, 413, 414, 415, 431];

/** `schema`, or the one that it refers to. */
export function resolve(document: ApiDocument, schema: Schema): Schema {
  if (!schema.$ref) return schema;
  const named = document.components.schemas[schema.$ref.replace('#/components/schemas/', '')];
  if (!named) throw new Error(`the document has no ${schema.$ref}`);
  return named;
}

/** What about `value` is not as `schema` says; the keys it does not name, too. */
function faults(document: ApiDocument, value: unknown, schema: Schema, at = 'body'): string[] {
  const { type, properties, additionalProperties, required = [], items, ...rest } = resolve(document, schema);
  const types = [type ?? []].flat();
  const is = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  const isOfType = types.some((each) => each === is || (each === 'integer' && Number.isInteger(value)));
  if (types.length > 0 && !isOfType) return [`${at} is ${is}, not ${types.join(' or ')}`];
  if (rest.enum?.includes(value) === false) return [`${at} is ${String(value)}`];
  if (typeof value === 'string') {
    const { pattern, maxLength = Infinity } = rest;
    const isRight = (!pattern || new RegExp(pattern, 'u').test(value)) && value.length <= maxLength;
    return isRight ? [] : [`${at} is ${value}`];
  }
  if (typeof value === 'number') {
    const { minimum = -Infinity, maximum = Infinity } = rest;
    return value >= minimum && value <= maximum ? [] : [`${at} is ${value}`];
  }
  if (Array.isArray(value)) {
    const { minItems = 0, maxItems = Infinity } = rest;
    const wrong =
      value.length < minItems || value.length > maxItems ? [`${at} has ${value.length} items`] : [];
    return [
      ...wrong,
      ...value.flatMap((each, i) => (items ? faults(document, each, items, `${at}[${i}]`) : [])),
    ];
  }
  if (typeof value !== 'object' || value === null || (!properties && !additionalProperties)) return [];
  const missing = required
    .filter((key) => !Object.hasOwn(value, key))
    .map((key) => `${at}.${key} is missing`);
  const inside = Object.entries(value).flatMap(([key, each]) => {
    const schemaOfKey = properties?.[key] ?? additionalProperties;
    return schemaOfKey
      ? faults(document, each, schemaOfKey, `${at}.${key}`)
      : [`${at}.${key} is not documented`];
  });
  return [...missing, ...inside];
}

/**
 * What about `answer`, to a request for `path`, is not as the document says of `operation`, or of any when it is a general refusal.
 */
export function undocumented(
  document: ApiDocument,
  answer: RawAnswer,
  path: string,
  operation?: Operation,
): string[] {
  const { status, text, body, headers } = answer;
  const response = operation?.responses[status];
  if (!response && !GENERAL.includes(status)) return [`${status} is not documented: ${text}`];
  const general = errorBody(document, answer, path);
  const schema = response ? response.content?.['application/json']?.schema : general;
  if (!schema) return text === '' ? [] : [`${status} has a body: ${text}`];
  // A 400 that is not about the fields, as of bad JSON, says nothing of fields.
  const isAboutFields = status !== 400 || (body as { details?: object }).details !== undefined;
  const absent = Object.keys(response?.headers ?? {}).filter((name) => !headers.get(name));
  return [
    ...faults(document, body, isAboutFields ? schema : general),
    ...absent.map((name) => `the header ${name} is missing`),
  ];
}

/** Of a head that is too large, the server may have read too little to tell whose path it is. */
function errorBody(
  { components: { schemas } }: ApiDocument,
  { status, body }: RawAnswer,
  path: string,
): Schema {
  const isOfNobody = status === 431 && Object.hasOwn(Object(body) as object, 'path');
  return schemas[path.startsWith('/api/') && !isOfNobody ? 'MessageBody' : 'ErrorBody'] ?? {};
}
