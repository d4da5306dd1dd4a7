/** As operators read it and programs too: `2026-11-26T11:20:00Z`. @param ms - since the epoch. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** @param ms - since the epoch; null for never. */
export function isoEnd(ms: number | null): string {
  return ms === null ? 'never' : isoTime(ms);
}
