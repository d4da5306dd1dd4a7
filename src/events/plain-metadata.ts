const [QUOTE, COMMA, MINUS, ZERO, NINE, COLON, BACKSLASH] = [0x22, 0x2c, 0x2d, 0x30, 0x39, 0x3a, 0x5c];
const [BEGIN, END] = [0x7b, 0x7d];
/** Digits of an integer that a double holds, whatever they are. */
const MOST_DIGITS = 15;
/** Members of `extra`; Couic's clients send a few. */
const MOST_MEMBERS = 32;

const names = new Int32Array(MOST_MEMBERS);
/** Of the string that was read last. */
let hash = 0;

/**
 * Whether metadata is as Couic's clients write nearly all of it, so that its bytes may stand in a document as they are:
 * `{"kind":"…","detail":"…","extra":{…}}`, each of these or not, in this order; `extra` without nesting, and both it and `detail` may be
 * null; strings of printable ASCII without escapes, integers that a double holds, no name twice, no white space. What is not so may be
 * all right, too: that has to be parsed to know.
 * @param from, to - where it lies. It need not be JSON.
 */
export function isPlainMetadata(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from < 2 || bytes[from] !== BEGIN || bytes[to - 1] !== END) return false;
  let at = from + 1;
  at = afterMember(bytes, at, to, KIND, false);
  at = afterMember(bytes, at, to, DETAIL, false);
  at = afterMember(bytes, at, to, EXTRA, true);
  return at === to;
}

const KIND = Buffer.from('"kind":');
const DETAIL = Buffer.from('"detail":');
const EXTRA = Buffer.from('"extra":');
const NULL = Buffer.from('null');
const LITERALS = [NULL, Buffer.from('true'), Buffer.from('false')];

/** @returns after the member and what follows it, a comma or the end of the object; the same place when it is another member; -1 when it is not plain. */
function afterMember(bytes: Uint8Array, at: number, to: number, name: Uint8Array, isExtra: boolean): number {
  if (at === -1 || at === to || !isAt(bytes, at, name)) return at;
  const value = at + name.length;
  const first = bytes[value];
  let end = -1;
  if (first === QUOTE && !isExtra) end = afterString(bytes, value + 1, to);
  else if (first === BEGIN && isExtra) end = afterFlat(bytes, value + 1, to);
  else if (name !== KIND && isAt(bytes, value, NULL)) end = value + NULL.length;
  if (end === -1 || end >= to) return -1;
  const next = bytes[end];
  if (next === END) return end + 1 === to ? to : -1;
  return next === COMMA && !isExtra && bytes[end + 1] === QUOTE ? end + 1 : -1;
}

/** An object of strings, integers and literals. @param at - after its brace. @returns after its end, or -1. */
function afterFlat(bytes: Uint8Array, at: number, to: number): number {
  if (bytes[at] === END) return at + 1;
  let p = at;
  for (let members = 0; members < MOST_MEMBERS; members++) {
    if (bytes[p] !== QUOTE) return -1;
    p = afterString(bytes, p + 1, to);
    // Two names of the same hash are most likely the same.
    if (p === -1 || bytes[p] !== COLON || isTaken(members)) return -1;
    names[members] = hash;
    p = afterScalar(bytes, p + 1, to);
    if (p === -1) return -1;
    if (bytes[p] === END) return p + 1;
    if (bytes[p] !== COMMA) return -1;
    p++;
  }
  return -1;
}

function isTaken(members: number): boolean {
  for (let i = 0; i < members; i++) if (names[i] === hash) return true;
  return false;
}

function afterScalar(bytes: Uint8Array, at: number, to: number): number {
  const first = bytes[at]!;
  if (first === QUOTE) return afterString(bytes, at + 1, to);
  if (first === MINUS || (first >= ZERO && first <= NINE)) return afterInteger(bytes, at);
  for (const literal of LITERALS) if (isAt(bytes, at, literal)) return at + literal.length;
  return -1;
}

/** Without -0, which would not be written so. */
function afterInteger(bytes: Uint8Array, at: number): number {
  if (bytes[at] === ZERO) return at + 1;
  const first = bytes[at] === MINUS ? at + 1 : at;
  if (bytes[first] === ZERO) return -1;
  let p = first;
  while (bytes[p]! >= ZERO && bytes[p]! <= NINE) p++;
  return p > first && p - first <= MOST_DIGITS ? p : -1;
}

/** @param at - after the opening quote. @returns after the closing one, or -1. */
function afterString(bytes: Uint8Array, at: number, to: number): number {
  let sum = 0;
  for (let p = at; p < to; p++) {
    const byte = bytes[p]!;
    if (byte === QUOTE) {
      hash = sum;
      return p + 1;
    }
    if (byte < 0x20 || byte > 0x7e || byte === BACKSLASH) return -1;
    sum = (Math.imul(sum, 31) + byte) | 0;
  }
  return -1;
}

function isAt(bytes: Uint8Array, at: number, text: Uint8Array): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text[i]) return false;
  return true;
}
