import { bearer, send } from './http.js';

export const METRICS_TOKEN = 'wQ7mZ2xK9pL4tR8sV1nC6gH3dF5bJ0aY';

/** The value of `series`, a metric's name with its labels as it is written, or 0 where there is none yet. */
export function valueOf(text: string, series: string): number {
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? 0 : Number(line.slice(series.length + 1));
}

/** The metrics of the server at `url`. */
export async function metricsOf(url: string): Promise<string> {
  const answer = await send(`${url}/metrics`, { headers: bearer(METRICS_TOKEN) });
  if (answer.status !== 200) throw new Error(`metrics answered ${answer.status} ${answer.text}`);
  return answer.text;
}
