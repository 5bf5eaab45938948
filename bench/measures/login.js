// @ts-check
import { alone, served } from '../contender.js';
import { loggingIn } from '../requests.js';
import { BCRYPT_COST } from '../stage.js';

/**
 * @param {import('../stage.js').Stage} stage
 * @returns {Promise<import('../contender.js').Measure>}
 */
export async function login(stage) {
  const gatehouse = await stage.wideGatehouse();
  const raw = await stage.start('systems/raw-bcrypt.js', {
    cores: stage.allCores,
    env: { BCRYPT_COST: String(BCRYPT_COST) },
  });
  return {
    contenders: [alone('raw bcrypt', raw), served('login', gatehouse, gatehouse.accounts.map(loggingIn))],
    ratios: [{ of: 'login', to: 'raw bcrypt', mark: 0.97 }],
    // V8 interprets the first hundreds: 4 ms of them are not bcrypt's, and a service that runs is past that.
    warmUp: 1_500,
    isSlow: true,
  };
}
