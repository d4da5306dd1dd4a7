import type { BridgeProcess } from '../bridge-process.ts';
import { type Client, parseTime } from '../http-client.ts';

/** µs of CPU a report. */
export interface Pair {
  readonly measured: number;
  readonly reference: number;
}

/** Reference and server take turns so often within one measurement, since the machine's speed changes within seconds. */
const TURNS = 20;

/**
 * What a server's process takes for bodies, beside `JSON.parse` of the same bytes.
 * @param server - told when a turn begins and ends.
 * @param bodies - makes the next so many.
 */
export async function besideParse(
  server: Pick<BridgeProcess, 'mark' | 'read'>,
  post: (bodies: readonly Buffer[]) => Promise<void>,
  bodies: (count: number) => Buffer[],
  count: number,
  reports: number,
): Promise<Pair> {
  const perTurn = Math.ceil(count / TURNS);
  let [measured, reference, sent] = [0, 0, 0];
  while (sent < count) {
    const next = bodies(Math.min(perTurn, count - sent));
    reference += parseTime(next);
    await server.mark();
    await post(next);
    measured += (await server.read()).cpu;
    sent += next.length;
  }
  return { measured: measured / (count * reports), reference: reference / (count * reports) };
}

/** As many small requests as let V8 compile what a request runs through: a bridge runs for weeks. */
export async function warmUp(
  client: Client,
  paths: string | readonly string[],
  body: () => Buffer,
  requests: number,
): Promise<void> {
  for (let sent = 0; sent < requests; sent += 500)
    await client.post(paths, Array.from({ length: Math.min(500, requests - sent) }, body));
}
