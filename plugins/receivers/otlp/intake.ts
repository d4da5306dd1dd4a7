import { setImmediate } from 'node:timers/promises';
import type { SeriesKeeper } from '../../../src/ledger/series/keeper.ts';
import { POINT_REFUSALS, type PointRefusal, type Push } from '../../../src/ledger/series/push.ts';
import { counted } from '../../../src/telemetry/counted.ts';
import { METRIC_REFUSALS, type MetricRefusal, observe } from './decode/observations.ts';
import type { Piece } from './decode/piece.ts';
import { splitJson } from './decode/split-json.ts';
import { splitProtobuf } from './decode/split-protobuf.ts';

/** How a request is written. */
export type Encoding = 'protobuf' | 'json';

const REFUSALS = { ...POINT_REFUSALS, ...METRIC_REFUSALS };
type Refusal = PointRefusal | MetricRefusal;

/** What became of the points of a request. */
export interface Taken {
  /** Counted now. */
  taken: number;
  /** Here before, or with nothing new. */
  unchanged: number;
  readonly refused: Map<Refusal, number>;
}

/** Milliseconds after which others have their turn. */
const SLICE = 4;

/** From the bytes of a request to what is on disk. One request at a time is decoded; commits go on meanwhile. */
export class Intake {
  readonly #keeper: Pick<SeriesKeeper, 'open'>;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(keeper: Pick<SeriesKeeper, 'open'>) {
    this.#keeper = keeper;
  }

  /**
   * Resolves when all that is taken is on disk.
   * @throws MalformedRequest: it can never be taken. What had come before the place where it breaks may be counted.
   * @throws StorageError, Conflict: it is to be sent again. What was counted of it counts once.
   */
  async take(body: Uint8Array, encoding: Encoding): Promise<Taken> {
    const push = await this.#keeper.open();
    try {
      const decoded = this.#turn.then(() => decode(body, encoding, push));
      this.#turn = decoded.catch(() => {});
      const taken = await decoded;
      await push.finish();
      return taken;
    } finally {
      push.close();
    }
  }
}

async function decode(body: Uint8Array, encoding: Encoding, push: Push): Promise<Taken> {
  const result: Taken = { taken: 0, unchanged: 0, refused: new Map() };
  let since = performance.now();
  for (const piece of encoding === 'json' ? splitJson(body) : splitProtobuf(body)) {
    await push.room();
    add(piece, push, result);
    if (performance.now() - since < SLICE) continue;
    await setImmediate();
    since = performance.now();
  }
  return result;
}

function add(piece: Piece, push: Push, result: Taken): void {
  const refuse = (reason: Refusal, points: number) =>
    result.refused.set(reason, (result.refused.get(reason) ?? 0) + points);
  const observed = observe(piece);
  if ('refusal' in observed) {
    if (observed.points > 0) refuse(observed.refusal, observed.points);
    return;
  }
  const stream = push.stream(observed.info);
  for (const point of observed.points) {
    const outcome = push.add(stream, point);
    if (outcome === 'taken') result.taken += 1;
    else if (outcome === 'unchanged') result.unchanged += 1;
    else refuse(outcome, 1);
  }
}

/** For the sender, of points that were refused; undefined when none was. */
export function partialSuccessOf({ refused }: Taken): { rejected: number; message: string } | undefined {
  if (refused.size === 0) return undefined;
  const reasons = [...refused].map(([reason, points]) => `${counted(points, 'points')}: ${REFUSALS[reason]}`);
  return { rejected: [...refused.values()].reduce((sum, points) => sum + points, 0), message: reasons.join('; ') };
}
