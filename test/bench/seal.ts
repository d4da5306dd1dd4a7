import { schema } from '../../plugins/exporters/crowdsec/config.ts';
import { couicMapping } from '../../plugins/exporters/crowdsec/couic-mapping.ts';
import { memoryOutbox } from '../../plugins/exporters/crowdsec/memory-outbox.ts';
import { noObserver } from '../../plugins/exporters/crowdsec/observer.ts';
import { Outbox } from '../../plugins/exporters/crowdsec/outbox.ts';
import { Sealer } from '../../plugins/exporters/crowdsec/sealer.ts';
import { DEFAULT_LIMITS } from '../../src/ledger/attribute-limits.ts';
import { LedgerFold } from '../../src/ledger/fold.ts';
import { LedgerProducer } from '../../src/ledger/producer.ts';
import { encodeSettings } from '../../src/ledger/records.ts';
import { entryOf } from '../support/entry.ts';
import { type Benchmark, boundRow, mustEqual } from './benchmark.ts';
import { CLOCK, ruleRecords } from './ledger/records.ts';

/** Windows after which V8 has compiled what they run through: half an hour of a bridge's life. */
const COMPILED = 30;

/** A window of 1,000 origins from the real ledger: collected, mapped, rendered. CPU time, since the event loop waits for all of it. */
export const seal: Benchmark = {
  name: 'seal',
  async run({ smoke, runs }) {
    const tags = 1000;
    const fold = new LedgerFold();
    fold.apply(entryOf(encodeSettings({ clock: CLOCK, limits: { ...DEFAULT_LIMITS, tags }, tellsExpired: false })));
    const producer = new LedgerProducer(fold.state, '0', null, () => CLOCK);
    const clock = { wall: CLOCK, now: () => clock.wall, monotonic: () => clock.wall };
    const outbox = new Outbox();
    const topic = memoryOutbox().attach(outbox);
    const ignore = () => {};
    const sealer = new Sealer({
      outbox,
      topic,
      mapping: couicMapping(schema.parse({ dry_run: true })),
      component: { name: 'bench', type: 'bench', version: '1', feature_flags: [] },
      maxOrigins: tags,
      otherOrigin: 'couic-other',
      dryRun: false,
      clock,
      sleep: () => Promise.resolve(),
      log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
      observer: noObserver,
    });
    const times: number[] = [];
    const windows = smoke ? 1 : COMPILED + runs;
    for (let window = 0; window < windows; window++) {
      for (const { record, origin } of ruleRecords(4 * tags, { from: window * 4 * tags, tags, expiration: () => 0 }))
        fold.apply({ ...entryOf(record), origin });
      clock.wall += 60_000;
      const before = process.cpuUsage();
      const { resourceMetrics } = await producer.collect();
      await sealer.seal(resourceMetrics, topic.last);
      const { user, system } = process.cpuUsage(before);
      if (smoke || window >= COMPILED) times.push((user + system) / 1000);
    }
    mustEqual('items', outbox.waiting.at(-1)?.items, 2 * tags + 1);
    return [boundRow('seal a window of 1,000 origins', 'ms CPU', times, 20)];
  },
};
