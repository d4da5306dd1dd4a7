import type {
  Attributes,
  BatchObservableCallback,
  Context,
  Counter,
  Gauge,
  Histogram,
  Meter,
  MetricOptions,
  Observable,
  ObservableCallback,
  UpDownCounter,
} from '@opentelemetry/api';

/**
 * A Meter that is there before the MeterProvider. Instruments are made at once and forward to real ones after `bind`;
 * what is recorded before that is not kept, as with the no-op meter of the API. Callbacks are asked until `unbind`.
 */
export class DeferredMeter implements Meter {
  readonly #pending: ((meter: Meter) => void)[] = [];
  readonly #batchCallbacks = new Map<BatchObservableCallback, readonly [BatchObservableCallback, Observable[]]>();
  readonly #observables: DeferredObservable[] = [];
  #meter: Meter | undefined;

  /** Once. Instruments and callbacks are made on the real meter in the order they were asked for. */
  bind(meter: Meter): void {
    this.#meter = meter;
    for (const step of this.#pending.splice(0)) step(meter);
  }

  /** Nobody is asked any more. What counters had counted stays; more can be added. Safe before `bind`, and twice. */
  unbind(): void {
    for (const observable of this.#observables) observable.forget();
    const batches = this.#meter ? [...this.#batchCallbacks] : [];
    for (const [callback, [, observables]] of batches) this.removeBatchObservableCallback(callback, observables);
  }

  createCounter(name: string, options?: MetricOptions): Counter {
    return this.#synchronous((meter) => meter.createCounter(name, options));
  }

  createUpDownCounter(name: string, options?: MetricOptions): UpDownCounter {
    return this.#synchronous((meter) => meter.createUpDownCounter(name, options));
  }

  createGauge(name: string, options?: MetricOptions): Gauge {
    return this.#synchronous((meter) => meter.createGauge(name, options));
  }

  createHistogram(name: string, options?: MetricOptions): Histogram {
    return this.#synchronous((meter) => meter.createHistogram(name, options));
  }

  createObservableCounter(name: string, options?: MetricOptions): Observable {
    return this.#observable((meter) => meter.createObservableCounter(name, options));
  }

  createObservableUpDownCounter(name: string, options?: MetricOptions): Observable {
    return this.#observable((meter) => meter.createObservableUpDownCounter(name, options));
  }

  createObservableGauge(name: string, options?: MetricOptions): Observable {
    return this.#observable((meter) => meter.createObservableGauge(name, options));
  }

  addBatchObservableCallback(callback: BatchObservableCallback, observables: Observable[]): void {
    const forwarded: BatchObservableCallback = (result) =>
      callback({ observe: (observable, value, attributes) => result.observe(real(observable), value, attributes) });
    this.#batchCallbacks.set(callback, [forwarded, observables]);
    this.#whenBound((meter) => meter.addBatchObservableCallback(forwarded, observables.map(real)));
  }

  removeBatchObservableCallback(callback: BatchObservableCallback, observables: Observable[]): void {
    const [forwarded] = this.#batchCallbacks.get(callback) ?? [];
    if (!forwarded) return;
    this.#batchCallbacks.delete(callback);
    this.#whenBound((meter) => meter.removeBatchObservableCallback(forwarded, observables.map(real)));
  }

  #whenBound(step: (meter: Meter) => void): void {
    if (this.#meter) step(this.#meter);
    else this.#pending.push(step);
  }

  #synchronous(create: (meter: Meter) => Real): DeferredInstrument {
    const instrument = new DeferredInstrument();
    this.#whenBound((meter) => {
      instrument.real = create(meter);
    });
    return instrument;
  }

  #observable(create: (meter: Meter) => Observable): DeferredObservable {
    const observable = new DeferredObservable((step) => this.#whenBound(step));
    this.#observables.push(observable);
    this.#whenBound((meter) => {
      observable.real = create(meter);
    });
    return observable;
  }
}

interface Real {
  add?(value: number, attributes?: Attributes, context?: Context): void;
  record?(value: number, attributes?: Attributes, context?: Context): void;
}

class DeferredInstrument implements Counter, UpDownCounter, Gauge, Histogram {
  real: Real | undefined;

  add(value: number, attributes?: Attributes, context?: Context): void {
    this.real?.add?.(value, attributes, context);
  }

  record(value: number, attributes?: Attributes, context?: Context): void {
    this.real?.record?.(value, attributes, context);
  }
}

class DeferredObservable implements Observable {
  real: Observable | undefined;
  readonly #whenBound: (step: () => void) => void;
  readonly #callbacks = new Set<ObservableCallback>();

  constructor(whenBound: (step: () => void) => void) {
    this.#whenBound = whenBound;
  }

  addCallback(callback: ObservableCallback): void {
    this.#callbacks.add(callback);
    this.#whenBound(() => this.real?.addCallback(callback));
  }

  removeCallback(callback: ObservableCallback): void {
    this.#callbacks.delete(callback);
    this.#whenBound(() => this.real?.removeCallback(callback));
  }

  forget(): void {
    for (const callback of this.#callbacks) this.real?.removeCallback(callback);
  }
}

function real(observable: Observable): Observable {
  return (observable instanceof DeferredObservable && observable.real) || observable;
}
