import { ALL_METRICS, goTypeError, parseFirst } from './go-json.ts';
import { type Loose, validationError } from './validation.ts';

/** What LAPI answers to a `POST /v1/usage-metrics` whose key is good; `message` is empty for a 201 and a 500. */
export interface Verdict {
  status: 201 | 400 | 422 | 500;
  message: string;
  /** The stored part, when it was taken. */
  component?: UsageMetricsComponent;
}

export interface UsageMetricsComponent {
  name?: string;
  type?: string;
  version: string;
  feature_flags?: string[];
  utc_startup_timestamp: number;
  os?: { name: string; version: string };
  metrics?: UsageMetricsWindow[];
}

export interface UsageMetricsWindow {
  meta: { window_size_seconds: number; utc_now_timestamp: number };
  items: UsageMetricsItem[];
}

export interface UsageMetricsItem {
  name: string;
  value: number;
  unit: string;
  labels?: Record<string, string>;
}

/** Judges a body as the real LAPI does, in its order: JSON, Go types, then the generated validation, then its own rules. */
export function judge(body: string): Verdict {
  const parsed = parseFirst(body);
  if (typeof parsed === 'string') return { status: 400, message: parsed };
  const typeError = goTypeError(parsed.value, ALL_METRICS);
  if (typeError !== undefined) return { status: 400, message: typeError };

  const components = ((parsed.value as { remediation_components?: unknown[] } | null)?.remediation_components ??
    []) as (Loose | null)[];
  const invalid = validationError(components);
  if (invalid !== undefined) return { status: 422, message: invalid };
  const only = components[0];
  if (only === undefined) return { status: 400, message: 'Missing remediation component data' };
  if (components.length > 1) return { status: 400, message: 'Payload has more than one remediation component' };
  // It panics.
  if (only === null) return { status: 500, message: '' };
  return { status: 201, message: '', component: only as unknown as UsageMetricsComponent };
}
