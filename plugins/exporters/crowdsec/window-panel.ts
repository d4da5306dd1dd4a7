import { formatDuration } from '../../../src/config/duration.ts';
import type { Panel, Table } from '../../../src/service/component-status.ts';
import type { Outbox, QuarantinedWindow, WaitingWindow } from './outbox.ts';
import { parsePayload } from './payload.ts';
import type { RecentWindow } from './recent-windows.ts';

/** Windows that are shown, and items of each. */
const MOST_WINDOWS = 10;
const MOST_ITEMS = 100;

type Shown = RecentWindow | QuarantinedWindow | WaitingWindow;

/** What the status page shows of windows: the newest, those that wait, and those that LAPI refused, each with its items. */
export function windowPanel(outbox: Outbox, interval: number): Panel {
  const byNumber = new Map<number, Shown>();
  for (const window of [...outbox.waiting, ...outbox.recent.all, ...outbox.quarantined])
    byNumber.set(window.number, window);
  const newestFirst = [...byNumber.values()].toSorted((a, b) => b.number - a.number);
  const every = formatDuration(interval);
  return {
    title: 'Windows for CrowdSec',
    text: `One is sealed every ${every}, and when the bridge stops. The newest, those that wait, and those that LAPI refused are shown.`,
    columns: ['window', 'sealed', 'items', 'what became of it'],
    rows: newestFirst.slice(0, MOST_WINDOWS).map((window) => ({
      cells: [`${window.number}`, { time: window.sealedAt }, window.items, fate(window)],
      more: itemsOf(window),
    })),
    leftOut: Math.max(0, newestFirst.length - MOST_WINDOWS),
    empty: `None was sealed since the start: the first comes ${every} after it, when there was something to tell.`,
  };
}

function fate(window: Shown): string {
  if ('status' in window) return `refused by LAPI: ${window.status} ${window.message}`;
  if (!('dryRun' in window)) return 'waits for LAPI';
  if (window.dryRun) return 'logged: dry run';
  return window.sentAt === null ? 'waits for LAPI' : 'taken by LAPI';
}

function itemsOf({ body }: Shown): Table {
  const items = parsePayload(body).remediation_components[0].metrics.flatMap((part) => part.items);
  return {
    columns: ['metric', 'unit', 'value', 'labels'],
    rows: items.slice(0, MOST_ITEMS).map(({ name, unit, value, labels = {} }) => ({
      cells: [
        name,
        unit,
        value,
        Object.entries(labels)
          .map(([label, text]) => `${label}: ${text}`)
          .join(', '),
      ],
    })),
    leftOut: Math.max(0, items.length - MOST_ITEMS),
    empty: 'No item.',
  };
}
