import { ALL_METRICS, goTypeError } from './go-json.ts';

/** What LAPI answers to a `POST /v1/usage-metrics` whose key is good; `message` is empty for a 201. */
export interface Verdict {
  status: 201 | 400 | 422;
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
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    const message = body.trim() === '' ? 'EOF' : `invalid character '${body.trim()[0]}' looking for beginning of value`;
    return { status: 400, message };
  }
  const typeError = goTypeError(parsed, ALL_METRICS);
  if (typeError !== undefined) return { status: 400, message: typeError };

  const components = ((parsed as { remediation_components?: unknown[] }).remediation_components ?? []) as Loose[];
  for (const [index, component] of components.entries()) {
    const problems = componentProblems(component, `remediation_components.${index}`);
    if (problems.length > 0) {
      return { status: 422, message: ['validation failure list:', ...problems].join('\n') };
    }
  }
  const only = components[0];
  if (only === undefined) return { status: 400, message: 'Missing remediation component data' };
  if (components.length > 1) return { status: 400, message: 'Payload has more than one remediation component' };
  return { status: 201, message: '', component: only as unknown as UsageMetricsComponent };
}

type Loose = Record<string, unknown>;

function componentProblems(component: Loose, path: string): string[] {
  const problems = ((component.feature_flags ?? []) as string[]).flatMap((flag, index) =>
    tooLong(flag, `${path}.feature_flags.${index}`),
  );
  problems.push(...windowProblems(component, path));
  const os = component.os as Loose | undefined;
  if (os) problems.push(...required(os, 'name', `${path}.os`), ...required(os, 'version', `${path}.os`));
  problems.push(...required(component, 'utc_startup_timestamp', path), ...required(component, 'version', path));
  return problems;
}

/** The generated code stops at the first window, and in it at the first item, that fails. */
function windowProblems(component: Loose, path: string): string[] {
  for (const [w, window] of ((component.metrics ?? []) as Loose[]).entries()) {
    const at = `${path}.metrics.${w}`;
    const problems = [...required(window, 'items', at)];
    for (const [i, item] of ((window.items ?? []) as Loose[]).entries()) {
      const found = itemProblems(item, `${at}.items.${i}`);
      problems.push(...found);
      if (found.length > 0) break;
    }
    problems.push(...required(window, 'meta', at));
    const meta = window.meta as Loose | undefined;
    if (meta) {
      problems.push(...required(meta, 'utc_now_timestamp', `${at}.meta`));
      problems.push(...required(meta, 'window_size_seconds', `${at}.meta`));
    }
    if (problems.length > 0) return problems;
  }
  return [];
}

function itemProblems(item: Loose, path: string): string[] {
  const labels = Object.entries((item.labels ?? {}) as Record<string, string>).flatMap(([key, value]) =>
    tooLong(value, `${path}.labels.${key}`),
  );
  return [
    ...labels,
    ...required(item, 'name', path),
    ...required(item, 'unit', path),
    ...required(item, 'value', path),
  ];
}

/** Missing, or a string that is too long. An empty string is there. */
function required(holder: Loose, field: string, path: string): string[] {
  const value = holder[field];
  if (value === undefined || value === null) return [`${path}.${field} in body is required`];
  return typeof value === 'string' ? tooLong(value, `${path}.${field}`) : [];
}

function tooLong(value: string, path: string): string[] {
  return [...value].length > 255 ? [`${path} in body should be at most 255 chars long`] : [];
}
