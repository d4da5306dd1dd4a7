/** Controls, bidirectional and other format characters, line separators, lone surrogates, characters that mean nothing. */
const HARMFUL = /[\p{C}\p{Zl}\p{Zp}]/u;
const EACH_HARMFUL = new RegExp(HARMFUL, 'gu');
const EACH_BUT_LINE_FEED = /[^\P{C}\n]|[\p{Zl}\p{Zp}]/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * Makes text from outside (an answer, a tag, a file's name) one line that no terminal obeys and that no editor shows in
 * another order: what could do harm is shown as `\u202e`. All of that text goes through here before a person sees it.
 * @param most - characters; what comes after them is left out, and `…` says so.
 */
export function printable(text: string, most = Number.POSITIVE_INFINITY): string {
  const kept = text.length > most ? `${text.slice(0, most)}…` : text;
  return HARMFUL.test(kept) ? kept.replace(EACH_HARMFUL, escaped) : kept;
}

/** The same for text that is made of lines. In a string of JSON, what it writes stands for what was there. */
export function printableLines(text: string): string {
  return HARMFUL.test(text) ? text.replace(EACH_BUT_LINE_FEED, escaped) : text;
}

function escaped(char: string): string {
  const short = SHORT[char];
  if (short !== undefined) return short;
  let text = '';
  for (let index = 0; index < char.length; index++) {
    text += `\\u${char.charCodeAt(index).toString(16).padStart(4, '0')}`;
  }
  return text;
}
