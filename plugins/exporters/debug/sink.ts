import type { CouicEvent } from '../../../src/events/event.ts';
import { couicText } from '../../../src/events/formats/couic.ts';
import { sentence } from '../../../src/events/formats/sentence.ts';
import type { Delivery, EventSink } from '../../../src/events/sink.ts';
import type { ExporterContext } from '../../../src/service/component.ts';
import { counted } from '../../../src/telemetry/counted.ts';
import type { DebugConfig } from './config.ts';

/** Events as lines of the log. */
export class DebugSink implements EventSink {
  readonly shown = 'the log of the bridge';
  readonly #logger: ExporterContext['logger'];
  readonly #config: DebugConfig;

  constructor({ logger }: Pick<ExporterContext, 'logger'>, config: DebugConfig) {
    this.#logger = logger;
    this.#config = config;
  }

  async send(events: readonly CouicEvent[]): Promise<Delivery> {
    const { verbosity, max_records: most } = this.#config;
    this.#logger.info({ 'log records': events.length }, 'Logs');
    if (verbosity === 'basic') return {};
    for (const event of events.slice(0, most)) {
      this.#logger.info(`${event.name} ${verbosity === 'normal' ? sentence(event) : couicText(event)}`);
    }
    if (events.length > most) this.#logger.info(`… and ${counted(events.length - most, 'events')} more`);
    return {};
  }
}
