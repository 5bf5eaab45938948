import type { FastifyInstance } from 'fastify';
import type { ThrottlesService } from '../attempts/throttles.service.js';
import { addressOf } from '../platform/http/address.js';
import { countingRefusals, logins } from './auth.metrics.js';

/** Counts each login of an address before its body is read: nearly all of a flood ends here, for some 60 % of the CPU. */
export function countLogins(server: FastifyInstance, throttles: ThrottlesService): void {
  server.addHook('onRoute', (route) => {
    if (!route.config?.isLogin) return;
    // Behind every `onRequest`, so that a refusal has the headers of any other answer.
    route.preParsing = async (request) => {
      await countingRefusals(logins, () => throttles.countLogin(addressOf(request)));
    };
  });
}
