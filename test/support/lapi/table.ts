import type { BouncerCounts } from '../../../plugins/exporters/crowdsec/cscli-table.ts';
import type { UsageMetricsWindow } from './rules.ts';

/** One accepted push, as LAPI stores it. */
export interface StoredPush {
  bouncer: string;
  /** Milliseconds since the epoch, LAPI's clock. */
  receivedAt: number;
  windows: readonly UsageMetricsWindow[];
}

interface RawItem {
  second: number;
  bouncer: string;
  ipType: string;
  origin: string;
  name: string;
  unit: string;
  value: number;
}

/** What `cscli metrics show bouncers -o json` shows for each bouncer. */
export function countAsCscli(pushes: readonly StoredPush[]): Map<string, BouncerCounts> {
  // Over time: a gauge keeps the value of its last second, everything else adds up. Values are cut to integers.
  const overTime = new Map<string, { item: RawItem; value: number }>();
  for (const item of distinctItems(pushes)) {
    const key = JSON.stringify([item.bouncer, item.origin, item.name, item.unit, item.ipType]);
    const value = Math.trunc(item.value);
    const known = overTime.get(key);
    overTime.set(key, { item, value: known && !isGauge(item.name) ? known.value + value : value });
  }
  const table = new Map<string, BouncerCounts>();
  for (const { item, value } of overTime.values()) {
    const bouncer = table.get(item.bouncer) ?? {};
    table.set(item.bouncer, bouncer);
    bouncer[item.origin] ??= {};
    const names = bouncer[item.origin]!;
    names[item.name] ??= {};
    const units = names[item.name]!;
    units[item.unit] = (units[item.unit] ?? 0) + value;
  }
  return table;
}

/** Of a bouncer's oldest window that is kept. */
export function oldestSecond(pushes: readonly StoredPush[], bouncer: string): number {
  const own = pushes.filter((push) => push.bouncer === bouncer).flatMap(({ windows }) => windows);
  return own.reduce((oldest, { meta }) => Math.min(oldest, meta.utc_now_timestamp), Number.POSITIVE_INFINITY);
}

export function isGauge(name: string): boolean {
  return name === 'active_decisions' || name.endsWith('_gauge');
}

/** De-duplicated by everything but the other labels, and so without `remediation`; in the order of their seconds. */
function distinctItems(pushes: readonly StoredPush[]): RawItem[] {
  const distinct = new Map<string, RawItem>();
  for (const push of pushes) {
    for (const window of push.windows) {
      for (const item of window.items) {
        const raw: RawItem = {
          second: window.meta.utc_now_timestamp,
          bouncer: push.bouncer,
          ipType: item.labels?.ip_type ?? '',
          origin: item.labels?.origin ?? '',
          name: item.name,
          unit: item.unit,
          value: item.value,
        };
        distinct.set(JSON.stringify(Object.values(raw)), raw);
      }
    }
  }
  return [...distinct.values()].sort((a, b) => a.second - b.second);
}
