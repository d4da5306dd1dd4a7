/** The exporter for any Node program that measures with OpenTelemetry: `import … from 'couic-otel-bridge/crowdsec'`. */
export { fileOutbox } from '../file-outbox.ts';
export type { UsageItem } from '../items.ts';
export type { Log } from '../log.ts';
export type { Contribution, Mapping } from '../mapping.ts';
export { memoryOutbox } from '../memory-outbox.ts';
export type { WindowObserver } from '../observer.ts';
export type { QuarantinedWindow, WaitingWindow } from '../outbox.ts';
export type { OutboxStorage } from '../outbox-storage.ts';
export type { ComponentInfo } from '../payload.ts';
export type { SourcePoint } from '../points.ts';
export { CrowdSecUsageMetricsExporter, type CrowdSecUsageMetricsExporterOptions } from '../usage-metrics-exporter.ts';
