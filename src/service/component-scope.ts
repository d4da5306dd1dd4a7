import type { MetricReader } from '@opentelemetry/sdk-metrics';
import type { Fold, Log, Reader, Retention, Topic } from '../log/log.ts';
import type { BridgeMeterProvider, ComponentMeter, Measured } from '../telemetry/meter-provider.ts';

/**
 * What one component has of what all share. It is asked for when the component is created, given to it when it begins, so
 * that one that never does leaves no trace, and taken back at its end.
 */
export class ComponentScope {
  readonly meter: ComponentMeter;
  readonly #meterProvider: Pick<BridgeMeterProvider, 'add'>;
  readonly #of: Measured;
  readonly #undo: (() => void)[] = [];
  readonly #begin: (() => void)[] = [];

  /** @param of - what its signals are of. */
  constructor(
    meterProvider: Pick<BridgeMeterProvider, 'componentMeter' | 'add'>,
    scope: string,
    of: Measured = 'bridge',
  ) {
    this.#meterProvider = meterProvider;
    this.#of = of;
    this.meter = meterProvider.componentMeter(scope);
  }

  /** @param isRunning - a fold before it may have to end first; otherwise the log has yet to be loaded, and must know it. */
  attach(log: Pick<Log, 'attach' | 'topic'>, name: string, fold: Fold, isRunning: boolean): Topic {
    const attach = () => log.attach(name, fold);
    if (isRunning) this.#begin.push(attach);
    else attach();
    return log.topic(name);
  }

  /** @param isRunning - as above; the reader can then be used from `begin` on. */
  reader(log: Pick<Log, 'reader' | 'release'>, name: string, retention: Retention, isRunning: boolean): Reader {
    const configure = () => {
      this.onEnd(() => log.release(name));
      return log.reader(name, retention);
    };
    if (!isRunning) return configure();
    const made: { reader?: Reader } = {};
    const erased: (() => void)[] = [];
    this.#begin.push(() => {
      const reader = configure();
      made.reader = reader;
      for (const listener of erased) reader.onErased(listener);
    });
    return {
      get position() {
        return made.reader?.position ?? 0;
      },
      get behind() {
        return made.reader?.behind ?? 0;
      },
      read: (signal) => made.reader!.read(signal),
      retain: async (position) => made.reader?.retain(position),
      onErased: (listener) => (made.reader ? made.reader.onErased(listener) : void erased.push(listener)),
    };
  }

  /** @param isRunning - as above; else now, since the log has to know what there is. */
  onBegin(begin: () => void, isRunning: boolean): void {
    if (isRunning) this.#begin.push(begin);
    else begin();
  }

  /** To be undone at the end. */
  onEnd(undo: () => void): void {
    this.#undo.push(undo);
  }

  /** The component is about to start: who was there before it has ended. @param reader - unless it was handed over already. */
  begin(reader?: MetricReader): void {
    for (const begin of this.#begin) begin();
    this.meter.begin();
    if (reader) this.#meterProvider.add(reader, this.#of);
  }

  /** Safe without `begin()`, and twice. */
  end(): void {
    this.meter.end();
    for (const undo of this.#undo.splice(0)) undo();
  }
}
