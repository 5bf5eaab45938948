import { defineErrors } from './app.errors.js';

/** What can go wrong with any request, before or beside what it asked for. */
export const httpErrors = defineErrors({
  validation_failed: { status: 400, sentence: 'The request is not valid.' },
  invalid_json: { status: 400, sentence: 'The request body is not valid JSON.' },
  bad_request: { status: 400, sentence: 'Bad Request.' },
  unauthorized: { status: 401, sentence: 'Authentication credentials are required.' },
  forbidden: { status: 403, sentence: 'This action is unauthorized.' },
  not_found: { status: 404, sentence: 'Not Found.' },
  method_not_allowed: { status: 405, sentence: 'Method Not Allowed.' },
  request_timeout: { status: 408, sentence: 'Request Timeout.' },
  payload_too_large: { status: 413, sentence: 'Payload Too Large.' },
  uri_too_long: { status: 414, sentence: 'URI Too Long.' },
  unsupported_media_type: { status: 415, sentence: 'Unsupported Media Type.' },
  too_many_requests: { status: 429, sentence: 'Too Many Attempts.' },
  header_fields_too_large: { status: 431, sentence: 'Request Header Fields Too Large.' },
  client_closed_request: { status: 499, sentence: 'Client Closed Request.' },
  internal: { status: 500, sentence: 'An internal server error occurred. Please try again later.' },
  service_unavailable: { status: 503, sentence: 'Service Unavailable.' },
});
