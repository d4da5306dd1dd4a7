import { expect, test } from 'vitest';
import { Host, pointOf, streamOf } from './harness.ts';

const SECOND = 1e9;
const resource = { 'service.name': 'gate' };
const calls = { ...streamOf('counter'), resource };
const errors = { ...streamOf('counter', 'a', 'errors'), resource };

/** A program that counts since `start`, seconds, one a second, and sends two series in a request. */
const programOf = (host: Host, start: number) => (time: number) => {
  const point = pointOf(time - start, { start: start * SECOND, time: time * SECOND });
  return host.push([
    [calls, point],
    [errors, point],
  ]);
};

const SAID = [
  'Several programs send with one and the same resource, service.name "gate": they are taken for one that begins anew again and again, and some of what they count may be lost. Give each a service.instance.id of its own: OTEL_RESOURCE_ATTRIBUTES=service.instance.id=$(hostname)-$$',
];

test.each([2, 3])('%d programs that take turns on one resource are told of, once', async (count) => {
  const host = await new Host().start();
  const programs = Array.from({ length: count }, (_, index) => programOf(host, 100 + index));
  for (let round = 0; round < 50; round++) {
    for (const [index, send] of programs.entries()) await send(200 + 10 * round + index);
    // Not as long as it may be one program beside the one that takes its place.
    if (round < 4) expect(host.warnings).toEqual([]);
  }
  expect(host.warnings).toEqual(SAID);
});

test('one that is started anew, and again, is none, be its last points late', async () => {
  const host = await new Host().start();
  for (let run = 0; run < 20; run++) {
    const start = 1000 * (run + 1);
    for (const time of [100, 200, 300]) await programOf(host, start)(start + time);
    // What the run before had not got rid of.
    await programOf(host, start - 1000)(start - 1);
  }
  expect(host.warnings).toEqual([]);
});

test('nor is one that runs beside the next for a moment, as often as it is replaced', async () => {
  const host = await new Host().start();
  for (let run = 0; run < 20; run++) {
    const start = 10_000 * (run + 1);
    const [before, after] = [programOf(host, start - 10_000), programOf(host, start)];
    for (const time of [10, 20, 30]) {
      await after(start + time);
      await before(start + time + 1);
    }
    await after(start + 9000);
  }
  expect(host.warnings).toEqual([]);
});

test('no more than twenty are told of', async () => {
  const host = await new Host().start();
  for (let number = 0; number < 25; number++) {
    const stream = streamOf('counter', `gate-${number}`);
    for (let round = 0; round < 20; round++)
      for (const start of [1, 2])
        await host.push([
          [stream, pointOf(round + start, { start: start * SECOND, time: (100 + 10 * round + start) * SECOND })],
        ]);
  }
  expect(host.warnings).toHaveLength(20);
  expect(host.warnings[0]).toContain('resource, without a service.name: they');
});
