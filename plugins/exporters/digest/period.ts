const [MINUTE, HOUR] = [60, 3600];

/** How couic-report calls an interval: `15-minute`, `1-hour`, `90-second`. @param milliseconds - whole seconds of it count. */
export function periodName(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds % HOUR === 0) return `${seconds / HOUR}-hour`;
  return seconds % MINUTE === 0 ? `${seconds / MINUTE}-minute` : `${seconds}-second`;
}
