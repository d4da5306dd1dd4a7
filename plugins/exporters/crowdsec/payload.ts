import { arch, release, type } from 'node:os';
import { MAX_LENGTH, type ValuedItem } from './items.ts';

/** Body of `POST /v1/usage-metrics`. */
export interface UsageMetricsBody {
  readonly remediation_components: readonly [RemediationComponent];
}

interface RemediationComponent extends ComponentInfo {
  /** Seconds since the epoch. */
  readonly utc_startup_timestamp: number;
  readonly os: { readonly name: string; readonly version: string };
  readonly metrics: readonly UsageMetricsWindow[];
}

interface UsageMetricsWindow {
  readonly meta: { readonly window_size_seconds: number; readonly utc_now_timestamp: number };
  readonly items: readonly ValuedItem[];
}

/** How the sender calls itself. */
export interface ComponentInfo {
  readonly name: string;
  readonly type: string;
  readonly version: string;
  readonly feature_flags: readonly string[];
}

/** `linux` and the kernel's version, as the host gives them. */
const os = { name: type().toLowerCase(), version: `${release()} ${arch()}`.slice(0, MAX_LENGTH) };

interface WindowParts {
  readonly component: ComponentInfo;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Second of the last part; each part before it has the second before. */
  readonly second: number;
  /** Seconds that the window covers. */
  readonly size: number;
  readonly parts: readonly (readonly ValuedItem[])[];
}

/** The body's text; from here on it is only kept and sent, never made again. */
export function renderPayload({ component, startedAt, second, size, parts }: WindowParts): string {
  const body: UsageMetricsBody = {
    remediation_components: [
      {
        name: component.name,
        type: component.type,
        version: component.version,
        feature_flags: component.feature_flags,
        utc_startup_timestamp: Math.floor(startedAt / 1000),
        os,
        metrics: parts.map((items, index) => ({
          meta: { window_size_seconds: size, utc_now_timestamp: second - (parts.length - 1) + index },
          items,
        })),
      },
    ],
  };
  return JSON.stringify(body);
}

export function parsePayload(body: string): UsageMetricsBody {
  return JSON.parse(body) as UsageMetricsBody;
}
