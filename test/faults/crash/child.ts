import { readFileSync } from 'node:fs';
import { systemClock } from '../../../src/clock.ts';
import { factories } from '../../../src/components.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import type { BodySource } from '../../../src/ledger/body-source.ts';
import type { IngestOptions } from '../../../src/ledger/ledger.ts';
import { EmbeddedEngine } from '../../../src/log/embedded/engine.ts';
import type { Topic } from '../../../src/log/log.ts';
import { LogRunner } from '../../../src/log/runner.ts';
import type { AnyFactory, ExporterFactory, ExtensionFactory } from '../../../src/service/component.ts';
import { ownMetrics } from '../../../src/service/own-metrics.ts';
import { Service } from '../../../src/service/service.ts';
import { createServiceLedger } from '../../../src/service/service-ledger.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import type { KillPlan, KillPoint } from './kill-plan.ts';

/**
 * The bridge as its own process that kills itself where the plan says: `node child.js CONFIG PLAN`. All of it is the real
 * one; what is put in between only counts, and calls SIGKILL.
 */
const [config, planText] = process.argv.slice(2) as [string, string];
const plan = JSON.parse(planText) as KillPlan | null;
let left = plan?.nth ?? 0;

function die(): void {
  process.kill(process.pid, 'SIGKILL');
  // The signal is on its way; nothing more may happen.
  for (;;) {}
}

function reached(point: KillPoint, by = 1): void {
  if (point !== plan?.point) return;
  left -= by;
  if (left <= 0) die();
}

// Whoever started it is gone.
process.stdin.once('end', die).resume();
if (plan?.point === 'random') setTimeout(die, plan.nth);

/** Snapshots come soon, so that kills find them under way. */
const storage: ExtensionFactory<{ directory: string }> = {
  ...(factories.find(({ type }) => type === 'file_storage') as ExtensionFactory<{ directory: string }>),
  create({ clock, health, logger }, { directory }) {
    const engine = new EmbeddedEngine({ directory, clock, health, logger, faults: reached });
    const log = new LogRunner({ engine, clock, logger, minimumLogBytes: 20_000 });
    return { log, start: () => log.load(), shutdown: () => log.close() };
  },
};

const realCrowdsec = factories.find(({ type }) => type === 'crowdsec') as ExporterFactory<unknown>;
const crowdsec: ExporterFactory<unknown> = {
  ...realCrowdsec,
  create: (context, options) =>
    realCrowdsec.create({ ...context, attach: (fold) => watched(context.attach(fold)) }, options),
};

/** Records of the outbox are JSON; those that tell of a window are told apart by their type. */
function watched(topic: Topic): Topic {
  return {
    name: topic.name,
    get last() {
      return topic.last;
    },
    async append(record, options) {
      const text = Buffer.from(record).toString('latin1');
      const kind = /"type":"(sealed|sent)"/.exec(text)?.[1] as 'sealed' | 'sent' | undefined;
      const name = kind === 'sealed' ? 'seal' : 'sent';
      if (kind !== undefined) reached(`before-${name}`);
      const position = await topic.append(record, options);
      if (kind !== undefined) reached(`after-${name}`);
      return position;
    },
  };
}

function counted(body: BodySource): BodySource {
  let isFatal = false;
  return {
    get ended() {
      return !isFatal && body.ended;
    },
    abort: (reason) => body.abort(reason),
    async read(patience) {
      if (isFatal) die();
      const piece = await body.read(patience);
      if (!piece) return piece;
      isFatal = plan?.point === 'body' && piece.length >= left;
      // What comes before the fatal byte still arrives.
      if (isFatal) return piece.subarray(0, left);
      reached('body', piece.length);
      return piece;
    },
  };
}

const inPlace: readonly AnyFactory[] = factories.map((factory) =>
  factory.type === 'file_storage' ? storage : factory.type === 'crowdsec' ? crowdsec : factory,
);
const loaded = loadConfig({
  configs: [config],
  sets: [],
  factories: inPlace,
  env: {},
  readFile: (path) => readFileSync(path, 'utf8'),
});
const service = await Service.create({
  config: loaded.config,
  logger: createLogger(loaded.config.service.telemetry.logs),
  clock: systemClock,
  version: '0.0.0',
  metrics: ownMetrics(factories),
  createLedger: (options) => {
    const ledger = createServiceLedger(options);
    const ingest = ledger.ingest.bind(ledger);
    ledger.ingest = (instance: string, body: BodySource, how?: IngestOptions) =>
      ingest(instance, plan?.point === 'body' ? counted(body) : body, how);
    return ledger;
  },
});
process.on('SIGTERM', () => {
  void service.shutdown().then((clean) => process.exit(clean ? 0 : 1));
});
await service.start();
