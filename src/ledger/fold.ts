import type { Entry, Erasure, Fold } from '../log/log.ts';
import { applyChunk, endRule } from './apply-chunk.ts';
import { applyCorrections } from './apply-corrections.ts';
import { blankRecord } from './blank-record.ts';
import { decodeCorrections, decodeReconciled } from './correction-records.ts';
import { LedgerState } from './ledger-state.ts';
import {
  clockOf,
  decodeChunk,
  decodeExpired,
  decodeExpiredRules,
  decodeForget,
  decodeSettings,
  kindOf,
  RECORD,
} from './records.ts';
import { drawHashKey, type HashKey } from './rules/keyed-hash.ts';
import { restoreState, snapshotState } from './snapshot.ts';
import { Subject } from './subject.ts';
import { decodeTraffic } from './traffic-record.ts';

/** The ledger's fold: the same records give the same state, live and on a restart. */
export class LedgerFold implements Fold {
  readonly state: LedgerState;
  /** Told of each instance of which a body was taken that this process has not taken: another bridge has, or this one had given it up. */
  onOthersBody: ((instance: string) => void) | undefined;

  constructor(key: HashKey = drawHashKey()) {
    this.state = new LedgerState(key);
  }

  apply({ record, origin }: Entry): void {
    const { state } = this;
    state.goTo(clockOf(record));
    switch (kindOf(record)) {
      case RECORD.chunk: {
        const chunk = decodeChunk(record, origin);
        if (origin === undefined) this.onOthersBody?.(chunk.instance);
        applyChunk(state, chunk);
        return;
      }
      case RECORD.expired: {
        const { clock, max } = decodeExpired(record);
        for (const rule of state.rules.due(clock, max)) {
          endRule(state.rules, state.instances[state.rules.instance(rule)]!, rule, clock);
        }
        return;
      }
      case RECORD.expiredRules:
        for (const { instance, words } of decodeExpiredRules(record).parts)
          state.instance(instance).untold.drop(words.length);
        return;
      case RECORD.settings: {
        const { clock, limits, tellsExpired } = decodeSettings(record);
        if (state.createdAt === 0) state.createdAt = clock;
        state.limits = limits;
        state.tellsExpired = tellsExpired;
        return;
      }
      case RECORD.traffic: {
        const { instance, change, clock } = decodeTraffic(record);
        const { traffic, tags } = state.instance(instance);
        traffic.apply(change, clock, (tag) => tags.names[tags.number(tag, clock)]!);
        return;
      }
      case RECORD.corrected:
        applyCorrections(state, decodeCorrections(record));
        return;
      case RECORD.reconciled: {
        const { clock, instance, drift } = decodeReconciled(record);
        const totals = state.instance(instance);
        totals.drift = drift;
        totals.comparedAt = clock;
        return;
      }
      case RECORD.clock:
        return;
      case RECORD.forget: {
        const { before } = decodeForget(record);
        for (const instance of state.instances) instance.forget(before);
        return;
      }
      default:
        throw new Error(`the ledger's log holds a record of kind ${kindOf(record)}, which this version does not know`);
    }
  }

  /** Rules in force stay: they are Couic's. */
  erase(what: Erasure): void {
    if (!(what instanceof Subject)) return;
    const { rules, instances } = this.state;
    rules.forgetBuried(Number.MAX_SAFE_INTEGER);
    for (const instance of instances) {
      instance.erase((text) => what.isIn(text));
      instance.untold.blank((words, at, tag) => what.isOf(words, at, tag));
    }
  }

  blank({ record }: Entry, what: Erasure): boolean {
    return what instanceof Subject ? blankRecord(record, what) : what.scrub(record);
  }

  snapshot(): Iterable<Uint8Array> {
    return snapshotState(this.state);
  }

  restore(pieces: Iterable<Uint8Array>): void {
    restoreState(this.state, pieces);
  }
}
