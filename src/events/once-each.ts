import type { CouicEvent } from './event.ts';

/** Encodes each event once, for its size, for its sending, and for another attempt. */
export function onceEach<Encoded>(encode: (event: CouicEvent) => Encoded): (event: CouicEvent) => Encoded {
  const known = new WeakMap<CouicEvent, { encoded: Encoded }>();
  return (event) => {
    const before = known.get(event);
    if (before) return before.encoded;
    const encoded = encode(event);
    known.set(event, { encoded });
    return encoded;
  };
}
