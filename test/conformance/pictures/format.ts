/** Numbers as Grafana shows them in the units that the dashboards use. */
export function formatValue(value: number, unit: string, decimals?: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : '∞';
  switch (unit) {
    case 's':
      return duration(value, decimals);
    case 'percentunit':
      return `${fixed(value * 100, decimals)}%`;
    case 'suffix:/min':
      return `${fixed(value, decimals)}/min`;
    case 'pps':
      return `${scaled(value, [' p/s', ' kp/s', ' Mp/s', ' Gp/s'], decimals)}`;
    case 'bps':
      return scaled(value, [' b/s', ' kb/s', ' Mb/s', ' Gb/s'], decimals);
    case 'none':
      return fixed(value, decimals);
    case 'short':
      return scaled(value, ['', ' K', ' Mil'], decimals);
    default:
      throw new Error(`no format for the unit ${unit}: add it here`);
  }
}

const DURATIONS: readonly [seconds: number, name: string][] = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'min'],
  [1, 's'],
];

function duration(value: number, decimals?: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0 s';
  if (size < 1) return `${fixed(value * 1000, decimals)} ms`;
  const [seconds, name] = DURATIONS.find(([length]) => size >= length)!;
  const count = fixed(value / seconds, decimals);
  return `${count} ${name}${count !== '1' && (name === 'day' || name === 'hour') ? 's' : ''}`;
}

function scaled(value: number, suffixes: readonly string[], decimals?: number): string {
  let power = 0;
  let rest = value;
  while (Math.abs(rest) >= 1000 && power < suffixes.length - 1) {
    rest /= 1000;
    power += 1;
  }
  return `${fixed(rest, decimals)}${suffixes[power]}`;
}

/** Without `decimals`, as many as three digits need. */
function fixed(value: number, decimals?: number): string {
  if (decimals !== undefined) return value.toFixed(decimals);
  const size = Math.abs(value);
  const needed = size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return String(Number(value.toFixed(needed)));
}
