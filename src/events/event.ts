/*
 * What is told of each rule and each report, one at a time: the second signal beside metrics. Made from the entries of
 * the log by readers, so that ingestion never waits for whoever wants them.
 */

/** The event's name, as OpenTelemetry's `event.name` has it. */
type EventName =
  /** Couic reported that it added a rule. */
  | 'couic.rule.added'
  /** Couic reported that it removed one. */
  | 'couic.rule.removed'
  /** Its time was over: Couic reports none of these. */
  | 'couic.rule.expired'
  /** A comparison with Couic's list found one that no report had told of. */
  | 'couic.rule.brought_in'
  /** A comparison with Couic's list did not find one that was thought in force. */
  | 'couic.rule.taken_out'
  /** A report was not valid. */
  | 'couic.report.quarantined';

/** A rule's network, as the exporter may show it. */
export interface EventNetwork {
  /** `192.0.2.1/32`, `2001:db8::/48`; the larger network when truncated; a pseudonym, `hmac-sha256:…`, which is no network. */
  readonly text: string;
  /** Of a plain network that is one address: that address, without its prefix. Else null. */
  readonly address: string | null;
  readonly type: 'ipv4' | 'ipv6';
  readonly form: 'plain' | 'truncated' | 'pseudonym';
}

/** What came with a report as `metadata`: free, but Couic's own has these three. */
export interface EventMetadata {
  readonly kind?: unknown;
  readonly detail?: unknown;
  readonly extra?: unknown;
  /** Its JSON as it came, where that may stand in any document as it is: see plain-metadata.ts. */
  readonly plain?: string | undefined;
}

interface EventBase {
  /** Never given twice, not by a restored backup or a moved log either: `LOGID-EPOCH-POSITION-PLACE`, at most 128 characters of `[0-9a-z-]`. */
  readonly id: string;
  readonly name: EventName;
  /** When it happened, ms since the epoch: Couic's for an added rule, else the bridge's. */
  readonly time: number;
  /** When the bridge wrote it down, ms since the epoch. */
  readonly observedTime: number;
  /** `couic.instance.name`. */
  readonly instance: string;
}

export interface RuleEvent extends EventBase {
  readonly name: Exclude<EventName, 'couic.report.quarantined'>;
  readonly policy: 'drop' | 'ignore';
  /** Null when the exporter drops addresses. */
  readonly network: EventNetwork | null;
  /** Null when the rule has none. */
  readonly tag: string | null;
  /** When Couic made the rule, ms since the epoch. */
  readonly creation: number;
  /** When it ends, ms since the epoch; null for never. */
  readonly expiration: number | null;
  /** How long it was in force, ms, when it left; else null. */
  readonly lifetime: number | null;
  /** Null when there was none, or the exporter drops it. */
  readonly metadata: EventMetadata | null;
  /** There was more of it than is kept (16 KiB a report): what is left out is told by this alone. */
  readonly metadataCut: boolean;
}

export interface QuarantineEvent extends EventBase {
  readonly name: 'couic.report.quarantined';
  /** Why it was not taken: `bad_cidr`, … */
  readonly reason: string;
  /** The beginning of the report, at most 2,048 bytes; null when the exporter does not keep metadata or addresses, which may stand in it. */
  readonly text: string | null;
}

export type CouicEvent = RuleEvent | QuarantineEvent;
