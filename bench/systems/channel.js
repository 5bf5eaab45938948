// @ts-check

/**
 * Tells the bench that this system is ready, and from then on carries out what it asks for. Without the bench, it ends.
 * @param {object} facts what the bench must know to use it
 * @param {Record<string, (argument: never) => unknown>} [commands]
 */
export function serve(facts, commands = {}) {
  const all = { cpu: cpuMicroseconds, ...commands };
  process.on('message', (/** @type {{ id: number, command: keyof all, argument: never }} */ message) => {
    const { id, command, argument } = message;
    Promise.resolve(argument)
      .then(all[command])
      .then(
        (result) => process.send?.({ id, result }),
        (/** @type {Error} */ error) => process.send?.({ id, error: error.stack }),
      );
  });
  process.on('disconnect', () => process.exit());
  process.send?.({ id: 0, result: facts });
}

/** @param {import('node:net').Server} server one that listens */
export const portOf = (server) => /** @type {import('node:net').AddressInfo} */ (server.address()).port;

function cpuMicroseconds() {
  const { user, system } = process.cpuUsage();
  return user + system;
}
