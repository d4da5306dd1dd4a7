import { formatDuration } from '../../../src/config/duration.ts';
import type { SeenBridge, SeenBridges } from '../../../src/log/jetstream/bridges.ts';
import { SKEW_MS } from '../../../src/log/jetstream/clock-watch.ts';
import type { LeaseHolder } from '../../../src/log/lease.ts';
import type { BridgeList, BridgeState, ShownBridge } from '../../../src/service/admin/bridges.ts';
import type { Panel } from '../../../src/service/component-status.ts';
import { counted } from '../../../src/telemetry/counted.ts';
import type { Finding } from '../../../src/telemetry/finding.ts';
import { printable } from '../../../src/telemetry/printable.ts';

/** One that says nothing for so long is gone: it misses two turns. */
export const GONE_MS = 30_000;

/** What was seen, told by who has the lease now. */
export function listOf({ at, bridges }: SeenBridges, holder: LeaseHolder | undefined): BridgeList {
  const shown = bridges.map((bridge): ShownBridge => {
    const { id, name, version, started, heard, behind, skew } = bridge;
    const state = stateOf(bridge, at, holder);
    const leaseSince = state === 'has the lease' ? (holder?.since ?? null) : null;
    return { id, name: printable(name), version, state, leaseSince, started, heard, behind, skew };
  });
  return { at, bridges: shown.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
}

function stateOf(
  { id, name, heard, ended, skew }: SeenBridge,
  at: number,
  holder: LeaseHolder | undefined,
): BridgeState {
  if (ended) return 'stopped';
  if (at - heard >= GONE_MS) return 'gone';
  if (Math.abs(skew) >= SKEW_MS) return 'clock is wrong';
  return id === holder?.bridge && name === holder.name ? 'has the lease' : 'stands by';
}

/**
 * For the page, whose times are this host's.
 * @param ahead - how far this host's clock is ahead of the log's, ms. @param isOld - this bridge cannot ask any more.
 */
export function panelOf({ at, bridges }: BridgeList, ahead: number, isOld: boolean): Panel {
  return {
    title: 'Bridges on this log',
    text: isOld
      ? 'This bridge cannot ask any more: so it was before it was cut off.'
      : 'Each takes reports and shows the same totals. What only one may do is done by the one that has the lease.',
    columns: ['bridge', 'does', 'lease since', 'heard of', 'started', 'entries behind', 'clock', 'version', 'id'],
    rows: bridges.map(({ id, name, version, state, leaseSince, started, heard, behind, skew }) => ({
      cells: [
        name,
        state,
        leaseSince === null ? '' : { time: leaseSince + ahead },
        { time: Math.min(heard, at) + ahead },
        { time: started + ahead },
        behind,
        clockOf(skew),
        version,
        id,
      ],
    })),
    empty: 'No bridge has said that it works on this log.',
  };
}

/** What is wrong with any of them, a few words each. */
export function troubleOf({ bridges }: BridgeList, holder: LeaseHolder | undefined): string[] {
  const each = bridges.flatMap(({ name, state, skew }) => {
    if (state === 'gone') return [`${name} is gone`];
    return state === 'clock is wrong' ? [`the clock of ${name} is ${clockOf(skew)}`] : [];
  });
  const twins = twinsOf(bridges).map(({ message }) => message);
  return [...each, ...twins, ...(holder ? [] : ['no bridge has the lease'])];
}

/** Bridges that are there and have one id: the directory of one is a copy of the other's. */
export function twinsOf(bridges: BridgeList['bridges']): Required<Finding>[] {
  const there = bridges.filter(({ state }) => state !== 'gone' && state !== 'stopped');
  return [...new Set(there.map(({ id }) => id))]
    .map((own) => there.filter(({ id }) => id === own))
    .filter((twins) => twins.length > 1)
    .map((twins) => ({
      level: 'failure',
      message: `${twins.map(({ name }) => name).join(' and ')} have one id, since the directory of one is a copy of another's`,
      advice:
        'stop all of them but one, delete the file bridge.json in their directory (extensions::jetstream_storage::directory), and start them again: each then has an id of its own, and loses nothing',
    }));
}

/** For `doctor`. */
export function bridgeFindings({ at, bridges }: BridgeList): Finding[] {
  const each = bridges.map(({ name, version, state, heard, behind, skew }): Finding => {
    const when = `heard of ${formatDuration(Math.max(0, Math.round((at - heard) / 1000)) * 1000)} ago`;
    const message = `${name}, version ${version}: ${state}, ${when}, ${counted(behind, 'entries')} behind, clock ${clockOf(skew)}`;
    if (state === 'gone')
      return { level: 'warning', message, advice: 'start it again, or wait: an hour after its end it is not told of' };
    if (state === 'clock is wrong')
      return {
        level: 'warning',
        message,
        advice: 'mend the clock of its host (timedatectl): until then it takes no reports',
      };
    return { level: 'ok', message };
  });
  return [...each, ...twinsOf(bridges)];
}

/** In whole seconds: less is the way to the server. */
function clockOf(skew: number): string {
  const seconds = Math.round(Math.abs(skew) / 1000);
  if (seconds === 0) return 'agrees';
  return `${formatDuration(seconds * 1000)} ${skew > 0 ? 'ahead' : 'behind'}`;
}
