import { emptyResource } from '@opentelemetry/resources';
import type { CollectionResult, MetricProducer } from '@opentelemetry/sdk-metrics';
import type { MetricOffer, MetricSource, MetricView } from './metric-source.ts';

/** Of one receiver, by its id. */
type Lane = readonly [receiver: string, names: readonly string[]];

interface Listening {
  readonly receivers: ReadonlySet<string>;
  readonly listener: () => Promise<void>;
  readonly ends: Map<MetricSource, () => void>;
}

/**
 * What receivers have, for the exporters of their pipelines. A receiver that a reload replaces gives way to its successor
 * here, so that an exporter of which the configuration says the same goes on.
 */
export class MetricRoutes {
  readonly #offers = new Map<string, MetricOffer>();
  readonly #listening = new Set<Listening>();

  /** @param offer - undefined: it has no metrics. */
  set(receiver: string, offer: MetricOffer | undefined): void {
    if (offer) this.#offers.set(receiver, offer);
    else this.#offers.delete(receiver);
    for (const each of this.#listening) if (each.receivers.has(receiver)) this.#subscribe(each);
  }

  /** @param lanes - what is to be given; of several receivers with one source, each name once. */
  producer(lanes: readonly Lane[], view: MetricView): MetricProducer {
    let made: { readonly sources: readonly MetricSource[]; readonly producers: readonly MetricProducer[] } | undefined;
    return {
      collect: async (options) => {
        const wanted = this.#bySource(lanes);
        const sources = [...wanted.keys()];
        if (!made || !isSame(made.sources, sources))
          made = { sources, producers: [...wanted].map(([source, names]) => source.producer([...names], view)) };
        const results = await Promise.all(made.producers.map((each) => each.collect(options)));
        return results.length === 1 ? results[0]! : joined(results);
      },
    };
  }

  /** Before any series of these receivers ends. @returns ends it. */
  beforeForgetting(receivers: readonly string[], listener: () => Promise<void>): () => void {
    const listening: Listening = { receivers: new Set(receivers), listener, ends: new Map() };
    this.#listening.add(listening);
    this.#subscribe(listening);
    return () => {
      this.#listening.delete(listening);
      for (const end of listening.ends.values()) end();
    };
  }

  #subscribe({ receivers, listener, ends }: Listening): void {
    const sources = new Set([...receivers].flatMap((id) => this.#offers.get(id)?.source ?? []));
    for (const [source, end] of ends) {
      if (sources.has(source)) continue;
      end();
      ends.delete(source);
    }
    for (const source of sources) if (!ends.has(source)) ends.set(source, source.beforeForgetting(listener));
  }

  #bySource(lanes: readonly Lane[]): Map<MetricSource, Set<string>> {
    const wanted = new Map<MetricSource, Set<string>>();
    for (const [receiver, names] of lanes) {
      const source = this.#offers.get(receiver)?.source;
      if (!source) continue;
      const some = wanted.get(source) ?? new Set();
      wanted.set(source, some);
      for (const name of names) some.add(name);
    }
    return wanted;
  }
}

function isSame(some: readonly MetricSource[], others: readonly MetricSource[]): boolean {
  return some.length === others.length && some.every((each, index) => each === others[index]);
}

function joined(results: readonly CollectionResult[]): CollectionResult {
  return {
    resourceMetrics: {
      resource: emptyResource(),
      scopeMetrics: results.flatMap(({ resourceMetrics }) => resourceMetrics.scopeMetrics),
    },
    errors: results.flatMap(({ errors }) => errors),
  };
}
