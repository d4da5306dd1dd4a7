import { CrowdSecExporter } from '../../../plugins/exporters/crowdsec/crowdsec-exporter.ts';
import { crowdsec } from '../../../plugins/exporters/crowdsec/factory.ts';
import { otlpHttp } from '../../../plugins/exporters/otlp_http/factory.ts';
import { otlpHttpProtocol } from '../../../plugins/exporters/otlp_http/protocol.ts';
import { StatusPage } from '../../../plugins/extensions/status_page/extension.ts';
import { statusPage } from '../../../plugins/extensions/status_page/factory.ts';
import { couicApiReceiver } from '../../../plugins/receivers/couic_api/factory.ts';
import { CouicApiReceiver } from '../../../plugins/receivers/couic_api/receiver.ts';
import { factories } from '../../../src/components.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { PushExporter } from '../../../src/delivery/push-exporter.ts';
import type { AnyFactory } from '../../../src/service/component.ts';
import { ownMetrics } from '../../../src/service/own-metrics.ts';
import { Service } from '../../../src/service/service.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { seededRandom } from '../../support/couic-sim/random.ts';
import type { SteppedClock } from './stepped-clock.ts';

const BUILT_PAGE = new URL('../../../dist/src/browser/', import.meta.url);

export interface SteppedService {
  readonly service: Service;
  /** Without a token. */
  readonly webhook: string;
  readonly metricsUrl: string;
  /** Of a status page, if it has one. */
  readonly pageUrl: string;
}

/** Starts the real service by a clock that is moved on by hand; exporters sleep by it, too. @param config - of the bridge. */
export async function startSteppedService(clock: SteppedClock, config: unknown): Promise<SteppedService> {
  const { config: checked } = loadConfig({
    configs: ['stepped.yaml'],
    sets: [],
    env: {},
    readFile: () => JSON.stringify(config),
    factories: sleepingBy(clock),
  });
  let log = '';
  const destination = {
    write(line: string) {
      log += line;
    },
  };
  const logger = createLogger({ encoding: 'json', destination });
  const metrics = ownMetrics(factories);
  const service = await Service.create({ config: checked, logger, clock, version: '0.0.0', metrics });
  await withFastIntervals(() => service.start());
  const said = (pattern: RegExp) => log.match(pattern)![1]!;
  return {
    service,
    webhook: said(/Listening for reports on ([^"\s]+)/),
    metricsUrl: said(/Metrics are at ([^"\s]+)/),
    pageUrl: log.match(/A page to look at is at ([^"\s]+)/)?.[1] ?? '',
  };
}

/** The shipped components, but those that sleep between two turns do so by the clock given. */
function sleepingBy({ sleep }: SteppedClock): AnyFactory[] {
  const hooks = { sleep, random: seededRandom(3) };
  const windows: typeof crowdsec = {
    ...crowdsec,
    create: (context, options) => new CrowdSecExporter(context, options, hooks),
  };
  const otlp: typeof otlpHttp = {
    ...otlpHttp,
    create: (context, options) => new PushExporter(context, options, otlpHttpProtocol(options, context.logger), hooks),
  };
  const api: typeof couicApiReceiver = {
    ...couicApiReceiver,
    create: (context, options) => new CouicApiReceiver(context, options, sleep),
  };
  // Run from its sources, the page has its script where that is built.
  const page: typeof statusPage = {
    ...statusPage,
    create: (context, options) => new StatusPage(context, options, BUILT_PAGE),
  };
  const stepped: readonly AnyFactory[] = [windows, otlp, api, page];
  return factories.map((factory) => stepped.find(({ type }) => type === factory.type) ?? factory);
}

/**
 * The ledger looks once a second, by Node's own timer, for rules that are over: in a time that is moved on, that would be
 * every half hour.
 */
async function withFastIntervals(work: () => Promise<void>): Promise<void> {
  const { setInterval } = globalThis;
  globalThis.setInterval = ((callback: () => void) => setInterval(callback, 10)) as typeof setInterval;
  try {
    await work();
  } finally {
    globalThis.setInterval = setInterval;
  }
}
