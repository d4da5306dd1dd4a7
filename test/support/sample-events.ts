import type { QuarantineEvent, RuleEvent } from '../../src/events/event.ts';

/** 2026-11-26T10:00:00.000Z */
export const SAMPLE_TIME = Date.UTC(2026, 10, 26, 10);

/** A block of one address for an hour, as Couic reports it. @param changes - what is other. */
export function addedEvent(changes: Partial<RuleEvent> = {}): RuleEvent {
  return {
    id: '6f1c2d9a-3b1e-4d57-9d3c-0a4b5c6d7e8f-1a2b3c4d-42-0',
    name: 'couic.rule.added',
    time: SAMPLE_TIME,
    observedTime: SAMPLE_TIME + 250,
    instance: 'paris',
    policy: 'drop',
    network: { text: '192.0.2.1/32', address: '192.0.2.1', type: 'ipv4', form: 'plain' },
    tag: 'ssh-bruteforce',
    creation: SAMPLE_TIME,
    expiration: SAMPLE_TIME + 3_600_000,
    lifetime: null,
    metadata: { kind: 'automated', detail: 'Repeated connection attempts', extra: { attempts: 156, scan_type: 'SYN' } },
    metadataCut: false,
    ...changes,
  };
}

/** The end of that block, by its time. */
export function expiredEvent(changes: Partial<RuleEvent> = {}): RuleEvent {
  return addedEvent({
    id: '6f1c2d9a-3b1e-4d57-9d3c-0a4b5c6d7e8f-1a2b3c4d-97-0',
    name: 'couic.rule.expired',
    time: SAMPLE_TIME + 3_600_000,
    observedTime: SAMPLE_TIME + 3_600_000,
    lifetime: 3_600_000,
    metadata: null,
    ...changes,
  });
}

/** A report that was not taken. */
export function quarantinedEvent(changes: Partial<QuarantineEvent> = {}): QuarantineEvent {
  return {
    id: '6f1c2d9a-3b1e-4d57-9d3c-0a4b5c6d7e8f-1a2b3c4d-98-3',
    name: 'couic.report.quarantined',
    time: SAMPLE_TIME,
    observedTime: SAMPLE_TIME,
    instance: 'paris',
    reason: 'bad_cidr',
    text: '{"action":"add","cidr":"192.0.2"}',
    ...changes,
  };
}
