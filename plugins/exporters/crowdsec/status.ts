import type { Clock } from '../../../src/clock.ts';
import type { ComponentStatus, NextStep } from '../../../src/service/component-status.ts';
import { counted } from '../../../src/telemetry/counted.ts';
import { shownUrl } from '../../../src/telemetry/shown-url.ts';
import type { CrowdSecConfig } from './config.ts';
import type { Outbox } from './outbox.ts';
import { windowPanel } from './window-panel.ts';

interface Shown {
  readonly config: Pick<CrowdSecConfig, 'dry_run' | 'endpoint' | 'api_key' | 'interval'>;
  readonly outbox: Outbox;
  readonly clock: Pick<Clock, 'now'>;
  /** What the last attempt failed with; null when it did not. */
  readonly trouble: string | null;
}

/** What a page shows of the way to CrowdSec. */
export function statusOf({ config, outbox, clock, trouble }: Shown): ComponentStatus {
  const { dry_run: isDry, endpoint, interval } = config;
  const { oldest, size, lastSentAt, quarantined } = outbox;
  const refused = quarantined.at(-1);
  return {
    where: shownUrl(endpoint),
    queue: { size, unit: 'windows', oldest: oldest ? Math.max(0, clock.now() - oldest.sealedAt) / 1000 : 0 },
    lastSuccess: lastSentAt ?? null,
    trouble: isDry ? null : (trouble ?? (refused ? refusalOf(quarantined.length, refused) : null)),
    panels: [windowPanel(outbox, interval)],
    ...(isDry && { note: 'Dry run: windows are logged, and nothing is sent.', steps: [KEY] }),
  };
}

function refusalOf(windows: number, { status, message }: { status: number; message: string }): string {
  return `LAPI refused ${counted(windows, 'windows')} for good, the newest with ${status} ${message}: couic-otel-bridge windows list`;
}

const KEY: NextStep = {
  title: 'Have CrowdSec show what Couic does',
  text: 'On the host of its Local API this prints a key. Give it to the bridge as CROWDSEC_LAPI_KEY, set dry_run: false of the exporter crowdsec, and restart the bridge.',
  paste: { where: 'shell', lines: 'sudo cscli bouncers add couic-otel-bridge' },
};
