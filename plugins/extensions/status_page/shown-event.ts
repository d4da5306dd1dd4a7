import type { CouicEvent } from '../../../src/events/event.ts';
import { printable } from '../../../src/telemetry/printable.ts';
import type { ShownEvent } from './browser/shown-event.ts';

/** Characters of what a report says of itself that are shown. */
const MOST_DETAIL = 200;

export function shownEvent(event: CouicEvent): ShownEvent {
  const { id, instance, observedTime } = event;
  const common = { id, instance: printable(instance), time: date(observedTime) };
  if (event.name === 'couic.report.quarantined') {
    const why = text([event.reason, event.text]);
    return { ...common, what: 'not valid', policy: '', network: '', tag: '', until: '', why };
  }
  const { name, policy, network, tag, expiration, metadata } = event;
  const isOver = name !== 'couic.rule.added' && name !== 'couic.rule.brought_in';
  return {
    ...common,
    what: name.slice(name.lastIndexOf('.') + 1).replace('_', ' '),
    policy,
    network: network?.text ?? 'not shown',
    tag: printable(tag ?? ''),
    until: isOver ? '' : expiration === null ? 'never' : date(expiration),
    why: text([metadata?.kind, metadata?.detail]),
  };
}

function text(parts: readonly unknown[]): string {
  const said = parts.filter((part) => part !== undefined && part !== null && part !== '');
  return printable(
    said.map((part) => (typeof part === 'string' ? part : JSON.stringify(part))).join(': '),
    MOST_DETAIL,
  );
}

/** What Couic's clients write for "never" is beyond every calendar. */
function date(time: number): string {
  return Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : 'never';
}
