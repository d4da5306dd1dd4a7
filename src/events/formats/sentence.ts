import { printable } from '../../telemetry/printable.ts';
import type { CouicEvent, RuleEvent } from '../event.ts';
import { isoTime } from './time.ts';

/**
 * An event as a sentence, for a person and for full text search: of one line, whatever stood in the report. It names
 * nothing that the event does not have, so that what an exporter keeps back is not in it.
 */
export function sentence(event: CouicEvent): string {
  if (event.name === 'couic.report.quarantined')
    return `${event.instance}: a report was not valid: ${event.reason}`.concat(quoted(event.text));
  const { instance, network, tag, metadata } = event;
  const where = network === null ? 'a network' : network.text;
  const by = tag === null ? '' : ` (${printable(tag)})`;
  return `${instance}: ${where} ${happened(event)}${by}${colon(metadata?.detail)}`;
}

function happened(event: RuleEvent): string {
  const state = event.policy === 'drop' ? 'blocked' : 'ignored';
  switch (event.name) {
    case 'couic.rule.added':
      return `is ${state}${until(event)}`;
    case 'couic.rule.brought_in':
      return `is ${state}${until(event)}, as Couic's list of rules has it`;
    case 'couic.rule.removed':
      return `is no longer ${state}${after(event)}: removed`;
    case 'couic.rule.expired':
      return `is no longer ${state}${after(event)}: expired`;
    case 'couic.rule.taken_out':
      return `is no longer ${state}${after(event)}, as Couic's list of rules has it`;
  }
}

function until({ expiration }: RuleEvent): string {
  const time = expiration === null ? undefined : isoTime(expiration);
  return time === undefined ? '' : ` until ${time}`;
}

function after({ lifetime }: RuleEvent): string {
  return lifetime === null ? '' : ` after ${Math.round(lifetime / 1000)} s`;
}

function colon(detail: unknown): string {
  return typeof detail === 'string' && detail !== '' ? `: ${printable(detail)}` : '';
}

function quoted(text: string | null): string {
  return text === null || text === '' ? '' : `: ${printable(text)}`;
}
