import { emptyResource, resourceFromAttributes } from '@opentelemetry/resources';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { MetricRoutes } from '../../src/service/metric-routes.ts';
import { byResource, type MetricSource, type SourcedMetrics } from '../../src/service/metric-source.ts';

/** Gives a scope for each name, after its own, and can be told to let series end. */
class Source implements MetricSource {
  readonly listeners = new Set<() => Promise<void>>();
  readonly #title: string;

  constructor(title: string) {
    this.#title = title;
  }

  producer: MetricSource['producer'] = (names, view) => ({
    collect: async () => ({
      resourceMetrics: {
        resource: emptyResource(),
        scopeMetrics: names.map((name) => ({ scope: { name: `${this.#title}/${name}/${view}` }, metrics: [] })),
      },
      errors: [`of ${this.#title}`],
    }),
  });

  beforeForgetting(listener: () => Promise<void>): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

const namesOf = (metrics: ResourceMetrics) => metrics.scopeMetrics.map(({ scope }) => scope.name);

test('receivers that share a source give each of its names once, and others come after them', async () => {
  const routes = new MetricRoutes();
  const [ledger, own] = [new Source('ledger'), new Source('own')];
  routes.set('couic', { source: ledger, names: ['edge', 'core'] });
  routes.set('couic_api', { source: ledger, names: ['edge'] });
  routes.set('otlp', { source: own, names: ['receiver/otlp'] });
  routes.set('nothing', undefined);
  const producer = routes.producer(
    [
      ['couic', ['edge', 'core']],
      ['couic_api', ['edge']],
      ['otlp', ['receiver/otlp']],
      ['nothing', []],
    ],
    'totals',
  );
  const { resourceMetrics, errors } = await producer.collect();
  expect(namesOf(resourceMetrics)).toEqual(['ledger/edge/totals', 'ledger/core/totals', 'own/receiver/otlp/totals']);
  expect(errors).toEqual(['of ledger', 'of own']);
});

test('a receiver that was replaced gives way to its successor, in what is collected and in what ends', async () => {
  const routes = new MetricRoutes();
  const [before, after] = [new Source('before'), new Source('after')];
  routes.set('otlp', { source: before, names: ['x'] });
  const producer = routes.producer([['otlp', ['x']]], 'current');
  const end = routes.beforeForgetting(['otlp'], async () => {});
  expect(namesOf((await producer.collect()).resourceMetrics)).toEqual(['before/x/current']);
  routes.set('otlp', { source: after, names: ['x'] });
  expect(namesOf((await producer.collect()).resourceMetrics)).toEqual(['after/x/current']);
  expect([before.listeners.size, after.listeners.size]).toEqual([0, 1]);
  end();
  expect(after.listeners.size).toBe(0);
});

test('a collection falls apart by resource, the own first', () => {
  const [a, b] = [resourceFromAttributes({ host: 'a' }), resourceFromAttributes({ host: 'b' })];
  const of = (name: string, resource?: typeof a): SourcedMetrics => ({
    scope: { name },
    metrics: [],
    ...(resource && { resource }),
  });
  const parts = byResource({ resource: emptyResource(), scopeMetrics: [of('1', a), of('2'), of('3', b), of('4', a)] });
  expect(parts.map((part) => [part.resource.attributes, namesOf(part)])).toEqual([
    [{}, ['2']],
    [{ host: 'a' }, ['1', '4']],
    [{ host: 'b' }, ['3']],
  ]);
});
