import { IGNORE, IPV6 } from '../../report/packed.ts';

/*
 * What tells a rule apart from others of its address, in one word: bits 16 to 31 the number of its instance, 8 to 15 the
 * prefix length, bit 1 USED, bit 0 the policy (1: ignore). Only this folder looks into it.
 */

/** A slot holds a rule; 0 in a free one. */
export const USED = 2;
const PREFIX = 0xff00;

/** 0: drop, 1: ignore. */
export type Policy = 0 | 1;

/** @param word0 - of a packed report: it has the prefix length at the same place. */
export function metaOf(instance: number, word0: number): number {
  return ((instance << 16) | (word0 & PREFIX) | USED | ((word0 & IGNORE) >>> 1)) >>> 0;
}

export function instanceIn(meta: number): number {
  return meta >>> 16;
}

export function policyIn(meta: number): Policy {
  return (meta & 1) as Policy;
}

export function prefixIn(meta: number): number {
  return (meta & PREFIX) >>> 8;
}

/** Whether the slot holds a rule of this instance and policy, whatever its prefix. */
export function isOwnedBy(meta: number, instance: number, policy: Policy): boolean {
  return (meta & ~PREFIX) >>> 0 === ((instance << 16) | USED | policy) >>> 0;
}

/** The other way round: `word0` of a packed report about the rule, an add. */
export function word0Of(meta: number, ipv6: boolean): number {
  return (policyIn(meta) === 1 ? IGNORE : 0) | (ipv6 ? IPV6 : 0) | (meta & PREFIX);
}
