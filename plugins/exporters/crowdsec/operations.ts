import type { Operation } from '../../../src/service/component.ts';
import { LIMITS_OPERATION, type LimitList } from '../../../src/telemetry/limits.ts';
import type { CrowdSecConfig } from './config.ts';
import type { QuarantinedWindow, WaitingWindow } from './outbox.ts';
import type { CrowdSecUsageMetricsExporter } from './usage-metrics-exporter.ts';
import { type ShownWindow, WINDOW_OPERATIONS, type WindowList, type WindowSummary } from './window-list.ts';

/** What operators may do with windows, `couic-otel-bridge windows list | show N | resend N`, and what `limits` shows. */
export function windowOperations(
  exporter: CrowdSecUsageMetricsExporter,
  { dry_run: dryRun, max_origins: limit }: Pick<CrowdSecConfig, 'dry_run' | 'max_origins'>,
): Readonly<Record<string, Operation>> {
  const { outbox } = exporter;
  return {
    async [WINDOW_OPERATIONS.list](): Promise<WindowList> {
      return {
        windows: [...outbox.waiting, ...outbox.quarantined].sort((a, b) => a.number - b.number).map(summary),
        lastNumber: outbox.state.lastNumber,
        lastSentAt: outbox.lastSentAt ?? null,
        dryRun,
      };
    },
    async [LIMITS_OPERATION](): Promise<LimitList> {
      const { places } = outbox.state.said;
      return [...places].map(([of, origins]) => ({
        of,
        what: 'origins',
        used: origins.size,
        limit,
        option: 'max_origins',
      }));
    },
    async [WINDOW_OPERATIONS.show](number): Promise<ShownWindow> {
      const window = outbox.find(Number(number));
      if (!window) throw new Error(`there is no window ${number} that waits or is quarantined`);
      return { ...summary(window), body: window.body };
    },
    async [WINDOW_OPERATIONS.resend](number): Promise<void> {
      const window = outbox.find(Number(number));
      if (!window) throw new Error(`there is no window ${number} that waits or is quarantined`);
      if (!('status' in window)) throw new Error(`window ${number} waits already: it is sent until LAPI takes it`);
      await exporter.resend(window.number);
    },
  };
}

function summary(window: WaitingWindow | QuarantinedWindow): WindowSummary {
  const { number, sealedAt, items, body } = window;
  const common = { number, sealedAt, items, bytes: Buffer.byteLength(body) };
  if (!('status' in window)) return { ...common, state: 'waiting' };
  return { ...common, state: 'quarantined', reason: `${window.status} ${window.message}` };
}
