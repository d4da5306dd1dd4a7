/** What Go's encoding/json says when a value does not fit into LAPI's generated models; only as much as usage metrics need. */

export type GoType =
  | { readonly go: 'string' | 'int64' | 'float64' }
  | { readonly go: string; readonly items: GoType }
  | { readonly go: string; readonly values: GoType }
  | { readonly go: string; readonly fields: Readonly<Record<string, GoType>> };

const text: GoType = { go: 'string' };
const integer: GoType = { go: 'int64' };

const item: GoType = {
  go: 'models.MetricsDetailItem',
  fields: {
    name: text,
    value: { go: 'float64' },
    unit: text,
    labels: { go: 'models.MetricsLabels', values: text },
  },
};

const detailed: GoType = {
  go: 'models.DetailedMetrics',
  fields: {
    meta: { go: 'models.MetricsMeta', fields: { window_size_seconds: integer, utc_now_timestamp: integer } },
    items: { go: '[]*models.MetricsDetailItem', items: item },
  },
};

const component: GoType = {
  go: 'models.RemediationComponentsMetrics',
  fields: {
    name: text,
    type: text,
    version: text,
    last_pull: integer,
    utc_startup_timestamp: integer,
    feature_flags: { go: '[]string', items: text },
    os: { go: 'models.OSversion', fields: { name: text, version: text, family: text } },
    metrics: { go: '[]*models.DetailedMetrics', items: detailed },
  },
};

export const ALL_METRICS: GoType = {
  go: 'models.AllMetrics',
  fields: { remediation_components: { go: '[]*models.RemediationComponentsMetrics', items: component } },
};

/** @returns Go's error for the first value that does not fit, or undefined. Null fits everywhere; unknown fields are ignored. */
export function goTypeError(value: unknown, type: GoType, path: readonly string[] = []): string | undefined {
  if (value === null || value === undefined) return undefined;
  const refuse = () =>
    path.length === 0
      ? `json: cannot unmarshal ${goName(value)} into Go value of type ${type.go}`
      : `json: cannot unmarshal ${goName(value)} into Go struct field AllMetrics.${path.join('.')} of type ${type.go}`;
  if ('items' in type) {
    if (!Array.isArray(value)) return refuse();
    return first(value, (element) => goTypeError(element, type.items, path));
  }
  if ('values' in type || 'fields' in type) {
    if (typeof value !== 'object' || Array.isArray(value)) return refuse();
    return first(Object.entries(value), ([key, field]) => {
      const of = 'values' in type ? type.values : type.fields[key];
      return of && goTypeError(field, of, 'values' in type ? path : [...path, key]);
    });
  }
  if (type.go === 'string') return typeof value === 'string' ? undefined : refuse();
  if (typeof value !== 'number') return refuse();
  const fits = type.go === 'int64' ? Number.isInteger(value) && Math.abs(value) < 2 ** 63 : Number.isFinite(value);
  return fits ? undefined : refuse();
}

function goName(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  const isOdd = typeof value === 'number' && (!Number.isInteger(value) || Math.abs(value) >= 2 ** 63);
  return isOdd ? `number ${value}` : typeof value;
}

function first<T>(values: readonly T[], check: (value: T) => string | undefined): string | undefined {
  for (const value of values) {
    const found = check(value);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Go's decoder takes the first value, whatever comes after it. @returns its error, or the value. */
export function parseFirst(body: string): { value: unknown } | string {
  if (body.trim() === '') return 'EOF';
  try {
    return { value: JSON.parse(body) };
  } catch (error) {
    const { message } = error as Error;
    const end = /after JSON at position (\d+)/.exec(message)?.[1];
    if (end !== undefined) return { value: JSON.parse(body.slice(0, Number(end))) };
    if (/end of JSON input|Unterminated|Expected .* after/.test(message)) return 'unexpected EOF';
    return `invalid character '${body.trim()[0]}' looking for beginning of value`;
  }
}
