import { type Cidr, maskWord } from '../../report/cidr.ts';
import { IGNORE, IPV6, WORDS_IPV6 } from '../../report/packed.ts';
import type { Policy } from './rule-meta.ts';
import { NO_RULE, type Rule, type Rules } from './rules.ts';

/**
 * The rules of one instance and policy that hold for all of a network, the longest prefix first. One look into the index for
 * each prefix length, 33 or 129 at most, however many rules there are.
 */
export function* enclosing(
  rules: Pick<Rules, 'find'>,
  instance: number,
  policy: Policy,
  { ipv6, prefix, words }: Cidr,
): Generator<Rule> {
  const packed = new Int32Array(WORDS_IPV6);
  for (let length = prefix; length >= 0; length--) {
    packed[0] = (length << 8) | (policy === 1 ? IGNORE : 0) | (ipv6 ? IPV6 : 0);
    for (const [i, word] of words.entries()) packed[5 + i] = maskWord(word, length - 32 * i);
    const rule = rules.find(instance, packed, 0);
    if (rule !== NO_RULE) yield rule;
  }
}
