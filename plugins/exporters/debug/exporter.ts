import { setImmediate } from 'node:timers/promises';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { type Sleep, systemSleep } from '../../../src/clock.ts';
import { PushLoop } from '../../../src/delivery/push-loop.ts';
import { EventExporter } from '../../../src/events/event-exporter.ts';
import { eventDefaults } from '../../../src/events/options.ts';
import type { Exporter, ExporterContext } from '../../../src/service/component.ts';
import type { ComponentStatus } from '../../../src/service/component-status.ts';
import { byResource } from '../../../src/service/metric-source.ts';
import type { DebugConfig } from './config.ts';
import { detailedLines, normalLines, sizesOf } from './metric-lines.ts';
import { DebugSink } from './sink.ts';

/** Lines after which other work gets its turn: each is written before the next. */
const LINES_A_SLICE = 100;

/** Writes what pipelines carry to the log of the bridge. */
export class DebugExporter implements Exporter {
  readonly reader?: PushLoop;
  readonly #context: ExporterContext;
  readonly #config: DebugConfig;
  readonly #events: EventExporter | undefined;

  constructor(context: ExporterContext, config: DebugConfig, sleep: Sleep = systemSleep) {
    this.#context = context;
    this.#config = config;
    const { logger } = context;
    const { interval } = config;
    if (context.has('metrics')) {
      const push = (metrics: ResourceMetrics) => this.#write(metrics);
      this.reader = new PushLoop({ producer: context.producer(), interval, push, logger, sleep });
    }
    if (!context.has('logs')) return;
    const { addresses, truncate, hmac_key_file, metadata } = config;
    const options = { ...eventDefaults(), addresses, truncate, hmac_key_file, metadata };
    this.#events = new EventExporter(context, options, new DebugSink(context, config));
  }

  async start(): Promise<void> {
    const { logger } = this.#context;
    if (!logger.isLevelEnabled('info'))
      logger.warn(`debug writes lines of the level info, and service.telemetry.logs.level is ${logger.level}`);
    await this.#events?.start();
    this.reader?.start();
  }

  async shutdown(deadline: AbortSignal): Promise<void> {
    await this.reader?.finish();
    await this.#events?.shutdown(deadline);
  }

  status(): ComponentStatus {
    return { where: 'the log of the bridge' };
  }

  async #write(metrics: ResourceMetrics): Promise<void> {
    const { logger } = this.#context;
    const { verbosity, max_records: most } = this.#config;
    const resources = byResource(metrics).filter(({ scopeMetrics }) => scopeMetrics.length > 0);
    logger.info(sizesOf(resources), 'Metrics');
    if (verbosity === 'basic') return;
    const lines = verbosity === 'normal' ? normalLines(resources, most) : detailedLines(resources, most);
    let written = 0;
    for (const line of lines) {
      logger.info(line);
      if (++written % LINES_A_SLICE === 0) await setImmediate();
    }
  }
}
