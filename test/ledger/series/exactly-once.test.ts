import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Observation, StreamInfo } from '../../../src/ledger/series/observation.ts';
import { MemoryLog } from '../../support/memory-engine.ts';
import { Host, pointOf, streamOf } from './harness.ts';

const RUNS = Number(process.env.FUZZ_RUNS ?? 3000);

/** How a source tells what it counted. */
const STYLES = ['with its start', 'without a start', 'by a watcher', 'differences'] as const;

type Request = readonly (readonly [StreamInfo, Observation])[];

/** A program that counts, whoever watches it, and what has been told of it: what the bridge has to come to. */
class Source {
  readonly info: StreamInfo;
  readonly style: (typeof STYLES)[number];
  /** What was told in requests that were answered or will be. */
  told = 0;
  #value = 0;
  #start: number;
  #lastTold = 0;
  #lastTime: number;
  #watchedSince = 0;

  constructor(number: number, style: (typeof STYLES)[number], time: number) {
    this.info = streamOf('counter', `host-${number}`);
    this.style = style;
    this.#start = time;
    this.#lastTime = time;
  }

  count(some: number): void {
    this.#value += some;
  }

  /** The program began again: what it had not told is lost with it. */
  restart(time: number): void {
    // By its values alone nobody sees it, unless it told something: and then it has to be below that.
    this.#value = 0;
    this.#start = time;
    this.#lastTime = time;
    this.#watchedSince = 0;
    this.#lastTold = 0;
  }

  /** The watcher began again, the program did not. */
  watchAnew(): void {
    this.#watchedSince = 0;
  }

  tell(time: number): Observation {
    const value = this.#value;
    const by = value - this.#lastTold;
    this.told += by;
    this.#lastTold = value;
    const since = this.#lastTime;
    this.#lastTime = time;
    switch (this.style) {
      case 'with its start':
        return pointOf(value, { start: this.#start, time });
      case 'without a start':
        return pointOf(value, { time });
      case 'by a watcher':
        if (this.#watchedSince === 0) this.#watchedSince = time;
        return pointOf(value, { start: this.#watchedSince, time });
      case 'differences':
        return pointOf(by, { start: since, time, temporality: 'delta' });
    }
  }

  /** What was told last, and so what a restart has to stay below to be seen by values. */
  get lastTold(): number {
    return this.#lastTold;
  }

  get needsOrder(): boolean {
    return this.style === 'without a start' || this.style === 'by a watcher';
  }
}

const step = fc.record({
  counts: fc.array(fc.nat({ max: 5 }), { minLength: 4, maxLength: 4 }),
  restarts: fc.constantFrom(undefined, undefined, undefined, 0, 1, 2, 3),
  watchesAnew: fc.boolean(),
  /** The request waits behind later ones. */
  waits: fc.boolean(),
  outcome: fc.constantFrom('answered', 'answered', 'answer lost', 'commit fails', 'killed', 'restarted'),
});

test('whatever begins anew, comes late, comes again, fails or is killed, each count is told once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 30 }),
      fc.constantFrom(1, 200, 1e9),
      async (steps, minimumLogBytes) => {
        const log = new MemoryLog();
        let fails = false;
        const options = {
          log,
          minimumLogBytes,
          commit: async () => {
            if (fails) throw new Error('EIO');
          },
        };
        let host = await new Host(options).start();
        const now = () => host.time.now() * 1e6;
        const sources = STYLES.map((style, index) => new Source(index, style, now()));
        let waiting: Request[] = [];
        const deliver = async (request: Request, outcome: string) => {
          fails = outcome === 'commit fails';
          const push = await host.keeper.open();
          for (const [info, point] of request) push.add(push.stream(info), point);
          const done = push.finish().then(
            () => true,
            () => false,
          );
          push.close();
          // Whether it is on disk by then, nobody knows.
          if (outcome === 'killed') for (let turn = 0; turn < request.length; turn++) await Promise.resolve();
          const ok = outcome === 'killed' ? false : await done;
          fails = false;
          if (outcome === 'killed' || outcome === 'restarted') host = await host.restart(options);
          return ok && outcome !== 'answer lost';
        };
        const deliverAll = async () => {
          for (const request of waiting) while (!(await deliver(request, 'answered')));
          waiting = [];
        };
        for (const { counts, restarts, watchesAnew, waits, outcome } of steps) {
          const restarted = restarts === undefined ? undefined : sources[restarts];
          if (restarted) {
            // A run that ended a while ago is not heard of any more.
            await deliverAll();
            host.time.advance(1000);
            restarted.restart(now());
          }
          if (watchesAnew) {
            await deliverAll();
            sources[2]!.watchAnew();
          }
          for (const [index, source] of sources.entries()) {
            const isUnseen = source.needsOrder && source === restarted;
            source.count(isUnseen ? 0 : counts[index]!);
          }
          host.time.advance(1000);
          const request = sources.map((source) => [source.info, source.tell(now())] as const);
          // A watcher's first point says since when it watches: what comes before it would be taken for a new beginning.
          if (waits && !watchesAnew && !restarted && waiting.length < 3) {
            waiting.push(request);
            continue;
          }
          if (await deliver(request, outcome)) continue;
          waiting.push(request);
          await deliverAll();
        }
        await deliverAll();
        host = await host.restart(options);
        const totals = await host.totals();
        for (const source of sources)
          expect(totals[`${source.info.resource.host} calls {}`], source.style).toBe(source.told);
        await host.keeper.stop();
      },
    ),
    { numRuns: Math.ceil(RUNS / 40) },
  );
});
