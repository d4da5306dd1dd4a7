import { clockOf, decodeJson, encodeJson, RECORD } from './records.ts';
import { type NamedCount, TRAFFIC_GROUPS, type TrafficChange, type TrafficGroup } from './traffic.ts';

/** What a reading of one Couic's counters changed. */
interface TrafficRecord {
  clock: number;
  instance: string;
  change: TrafficChange;
}

/** JSON has no integers past 2^53, and counters of bytes get there: they are written as text. */
interface Written extends Omit<TrafficChange, 'changed'> {
  instance: string;
  changed: Record<TrafficGroup, readonly (readonly [name: string, packets: string, bytes: string])[]>;
}

export function encodeTraffic({ clock, instance, change }: TrafficRecord): Uint8Array {
  const changed = {} as Written['changed'];
  for (const group of TRAFFIC_GROUPS) {
    changed[group] = change.changed[group].map(([name, packets, bytes]) => [name, String(packets), String(bytes)]);
  }
  return encodeJson(RECORD.traffic, clock, { ...change, instance, changed } satisfies Written);
}

export function decodeTraffic(record: Uint8Array): TrafficRecord {
  const { instance, changed: written, ...rest } = decodeJson<Written>(record);
  const changed = {} as Record<TrafficGroup, NamedCount[]>;
  for (const group of TRAFFIC_GROUPS) {
    changed[group] = written[group].map(([name, packets, bytes]) => [name, BigInt(packets), BigInt(bytes)]);
  }
  return { clock: clockOf(record), instance, change: { ...rest, changed } };
}
