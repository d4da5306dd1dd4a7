import { toUSVString } from 'node:util';
import type { CouicEvent, EventMetadata, EventNetwork } from '../event.ts';
import { shallow } from './shallow.ts';
import { isoTime } from './time.ts';

/** An event in the bridge's own words. What does not apply is left out. */
type CouicDocument = Readonly<Record<string, unknown>>;

/** An event as flat JSON, for what reads lines: docs/events.md has each member. */
export function couicDocument(event: CouicEvent): CouicDocument {
  const observed = isoTime(event.observedTime);
  const common = {
    time: isoTime(event.time) ?? observed,
    observed_time: observed,
    id: event.id,
    name: event.name,
    action: event.name.slice(event.name.lastIndexOf('.') + 1),
    instance: event.instance,
  };
  if (event.name === 'couic.report.quarantined')
    return { ...common, reason: event.reason, ...(event.text !== null && { text: toUSVString(event.text) }) };
  const { policy, network, tag, creation, expiration, lifetime } = event;
  const made = isoTime(creation);
  const ends = expiration === null ? undefined : isoTime(expiration);
  const metadata = event.metadata === null ? undefined : known(event.metadata);
  return {
    ...common,
    policy,
    ...(network !== null && aboutNetwork(network)),
    ...(tag !== null && { tag: toUSVString(tag) }),
    ...(made !== undefined && { creation: made }),
    ...(ends !== undefined && { expiration: ends }),
    ...(lifetime !== null && { lifetime_seconds: lifetime / 1000 }),
    ...(metadata !== undefined && { metadata: metadata.value }),
    ...((event.metadataCut || metadata?.cut) && { metadata_cut: true }),
  };
}

function aboutNetwork({ text, address, type, form }: EventNetwork) {
  return { network: text, ...(address !== null && { address }), network_type: type, network_form: form };
}

function known({ kind, detail, extra }: EventMetadata) {
  return shallow({
    ...(kind !== undefined && { kind }),
    ...(detail !== undefined && { detail }),
    ...(extra !== undefined && { extra }),
  });
}
