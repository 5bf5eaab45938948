import { bodyOf, type Answer, type Exchange } from './exchange.js';

const PATIENCE_MS = 30_000;

/** Belong to a connection of their own, or to the browser that was recorded. */
const leftOut =
  /^(:.*|host|connection|keep-alive|transfer-encoding|content-length|accept-encoding|upgrade|te|expect|sec-.*)$/;

/** Sends recorded requests to one system, with what it has answered so far in place of what was recorded. */
export class Client {
  private readonly counterparts = new Map<string, string>();

  constructor(private readonly origin: string) {}

  /** @throws TypeError where there is no answer */
  async send({ method, path, headers = {}, body }: Exchange['request']): Promise<Answer> {
    const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    const sent = Object.entries(headers).filter(([name]) => !leftOut.test(name.toLowerCase()));
    const isJson = body !== undefined && !sent.some(([name]) => name.toLowerCase() === 'content-type');
    const response = await fetch(this.origin + this.translate(path), {
      method,
      headers: {
        ...Object.fromEntries(sent.map(([name, value]) => [name, this.translate(value)])),
        ...(isJson && { 'content-type': 'application/json' }),
      },
      ...(text !== undefined && { body: this.translate(text) }),
      redirect: 'manual',
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: undefined,
      ...bodyOf(await response.text()),
    };
  }

  /** From now on `actual` is sent where the recording has `recorded`. */
  learn(counterparts: ReadonlyMap<string, string>): void {
    for (const [recorded, actual] of counterparts)
      if (recorded.length >= 5) this.counterparts.set(recorded, actual);
  }

  private translate(text: string): string {
    let translated = text;
    for (const [recorded, actual] of this.counterparts)
      translated = translated.replaceAll(recorded, () => actual);
    return translated;
  }
}
