import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { type ScrapeText, SharedScrapes } from '../../../../plugins/exporters/prometheus/shared-scrapes.ts';
import { OPENMETRICS_TEXT, PROMETHEUS_TEXT } from '../../../../plugins/exporters/prometheus/text-format.ts';
import { systemClock } from '../../../../src/clock.ts';
import { type Deferred, deferred } from '../../../support/deferred.ts';

function setUp() {
  const collections: Deferred<ResourceMetrics>[] = [];
  const scrapes = new SharedScrapes({
    clock: systemClock,
    collect: () => {
      const collection = deferred<ResourceMetrics>();
      collections.push(collection);
      return collection.promise;
    },
    serialize: (metrics, format) => [`${JSON.stringify(metrics)} as ${format.typeWord('info')}`],
  });
  const finish = (number: number) => collections[number]!.resolve({ number } as unknown as ResourceMetrics);
  return { scrapes, collections, finish };
}

const textOf = ({ pieces }: ScrapeText) => Buffer.concat(pieces).toString();

test('whoever asks while a collection is under way shares the next one', async () => {
  const { scrapes, collections, finish } = setUp();
  const first = scrapes.text(PROMETHEUS_TEXT);
  await expect.poll(() => collections).toHaveLength(1);
  const others = Array.from({ length: 50 }, () => scrapes.text(PROMETHEUS_TEXT));
  finish(0);
  expect(textOf(await first)).toBe('{"number":0} as gauge');
  await expect.poll(() => collections).toHaveLength(2);
  const late = scrapes.text(PROMETHEUS_TEXT);
  finish(1);
  const texts = await Promise.all(others);
  expect(new Set(texts)).toHaveProperty('size', 1);
  expect(textOf(texts[0]!)).toBe('{"number":1} as gauge');
  await expect.poll(() => collections).toHaveLength(3);
  finish(2);
  expect(textOf(await late)).toBe('{"number":2} as gauge');
});

test('two formats are one collection', async () => {
  const { scrapes, collections, finish } = setUp();
  const both = [scrapes.text(PROMETHEUS_TEXT), scrapes.text(OPENMETRICS_TEXT)];
  await expect.poll(() => collections).toHaveLength(1);
  finish(0);
  expect((await Promise.all(both)).map(textOf)).toEqual(['{"number":0} as gauge', '{"number":0} as info']);
  expect(collections).toHaveLength(1);
});

test('a collection that fails does so for those who share it, and for nobody after', async () => {
  const { scrapes, collections, finish } = setUp();
  const both = [scrapes.text(PROMETHEUS_TEXT), scrapes.text(OPENMETRICS_TEXT)];
  await expect.poll(() => collections).toHaveLength(1);
  collections[0]!.reject(new Error('broken'));
  for (const each of both) await expect(each).rejects.toThrow('broken');
  const next = scrapes.text(PROMETHEUS_TEXT);
  await expect.poll(() => collections).toHaveLength(2);
  finish(1);
  expect(textOf(await next)).toBe('{"number":1} as gauge');
});
