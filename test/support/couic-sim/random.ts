/** Numbers from 0 up to 1 that a seed repeats: mulberry32. */
export type Random = () => number;

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number from 0 up to, not including, `bound`. */
export function below(random: Random, bound: number): number {
  return Math.floor(random() * bound);
}

export function pick<T>(random: Random, from: readonly T[]): T {
  return from[below(random, from.length)]!;
}

/** A network as Couic writes it: normalised, with its prefix. Mostly single addresses, a fifth of them IPv6. */
export function randomCidr(random: Random): string {
  if (random() < 0.2) {
    const group = () => (1 + below(random, 0xffff)).toString(16);
    return random() < 0.8
      ? `2001:db8:${group()}:${group()}:${group()}:${group()}:${group()}:${group()}/128`
      : `2001:db8:${group()}::/48`;
  }
  const byte = () => below(random, 256);
  const first = 1 + below(random, 223);
  return random() < 0.9 ? `${first}.${byte()}.${byte()}.${byte()}/32` : `${first}.${byte()}.${byte()}.0/24`;
}
