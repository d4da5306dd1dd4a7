import type { CouicEvent, EventMetadata, QuarantineEvent, RuleEvent } from '../event.ts';
import { clean, shallow } from './shallow.ts';
import { isoTime } from './time.ts';

/** An event in the bridge's own words. */
type CouicDocument = Readonly<Record<string, unknown>>;

/**
 * An event as flat JSON, for what reads lines: docs/events.md has each member.
 * @returns what is to be written as JSON: members that are undefined do not apply.
 */
export function couicDocument(event: CouicEvent): CouicDocument {
  return event.name === 'couic.report.quarantined' ? reportRefused(event) : ruleChanged(event);
}

function reportRefused(event: QuarantineEvent) {
  const observed = isoTime(event.observedTime);
  return {
    time: isoTime(event.time) ?? observed,
    observed_time: observed,
    id: event.id,
    name: event.name,
    action: actionOf(event),
    instance: event.instance,
    reason: event.reason,
    text: event.text === null ? undefined : clean(event.text),
  };
}

function ruleChanged(event: RuleEvent) {
  const { network, tag, expiration, lifetime } = event;
  const observed = isoTime(event.observedTime);
  const metadata = event.metadata === null ? undefined : known(event.metadata);
  return {
    time: isoTime(event.time) ?? observed,
    observed_time: observed,
    id: event.id,
    name: event.name,
    action: actionOf(event),
    instance: event.instance,
    policy: event.policy,
    network: network?.text,
    address: network?.address ?? undefined,
    network_type: network?.type,
    network_form: network?.form,
    tag: tag === null ? undefined : clean(tag),
    creation: isoTime(event.creation),
    expiration: expiration === null ? undefined : isoTime(expiration),
    lifetime_seconds: lifetime === null ? undefined : lifetime / 1000,
    metadata: metadata?.value,
    metadata_cut: event.metadataCut || metadata?.cut === true ? true : undefined,
  };
}

function actionOf({ name }: CouicEvent): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

/** The members that Couic's metadata has, and no others. */
function known({ kind, detail, extra }: EventMetadata) {
  return shallow({ kind, detail, extra });
}
