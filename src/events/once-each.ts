import type { CouicEvent } from './event.ts';

/** Of an event: what was made of it, and by which encoder. */
const ENCODED = Symbol('encoded');

/** A class, as events are: see ToldRule. */
class Encoded<Value> {
  declare readonly by: (event: CouicEvent) => Value;
  declare readonly value: Value;

  constructor(by: (event: CouicEvent) => Value, value: Value) {
    this.by = by;
    this.value = value;
  }
}

/**
 * Encodes each event once, for its size, for its sending, and for another attempt. It is kept with the event itself: a WeakMap of
 * many that live shortly costs more than encoding them.
 */
export function onceEach<Value>(encode: (event: CouicEvent) => Value): (event: CouicEvent) => Value {
  return (event) => {
    const slot = event as { [ENCODED]?: Encoded<Value> };
    const before = slot[ENCODED];
    if (before !== undefined && before.by === encode) return before.value;
    const value = encode(event);
    slot[ENCODED] = new Encoded(encode, value);
    return value;
  };
}
