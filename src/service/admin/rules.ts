/** Names and shapes of the operations by which operators ask what is in force, and why. All times are ms since the epoch. */
export const RULE_OPERATIONS = { explain: 'rules.explain', list: 'rules.list' } as const;

/** Who can be asked for them: what all components share. */
export const RULES_COMPONENT = 'ledger';

export interface ShownRule {
  readonly instance: string;
  readonly policy: 'drop' | 'ignore';
  /** Always with its prefix. */
  readonly network: string;
  /** Null when it has none. `_OTHER` for one that came when the cap on tags was full: only the log knows its name. */
  readonly tag: string | null;
  /** When Couic made it. */
  readonly since: number;
  /** Null for never. */
  readonly until: number | null;
}

/** Which rules; all of them when nothing is said. */
export interface RuleFilter {
  readonly instance?: string;
  /** `untagged` stands for those without one. */
  readonly tag?: string;
  readonly policy?: 'drop' | 'ignore';
}

export interface RulePage {
  readonly rules: readonly ShownRule[];
  /** To be given back for what follows; null at the end. */
  readonly next: number | null;
}

/**
 * What becomes of packets from a network at one Couic. `partly`: no rule holds for all of it, and some hold for networks
 * inside of it. The words are those of Couic's policies.
 */
type Verdict = 'ignore' | 'drop' | 'partly' | 'none';

export interface InstanceExplanation {
  readonly instance: string;
  readonly verdict: Verdict;
  /** Rules that hold for all of the network, in the order in which Couic goes by them: the first one decides. */
  readonly rules: readonly ShownRule[];
  /** Rules of networks inside of it. */
  readonly inside: {
    readonly drop: number;
    readonly ignore: number;
    /** Not all when there are very many. */
    readonly shown: readonly ShownRule[];
  };
  /** When the rules were last compared with those of Couic, and by how many they were apart; null for never. */
  readonly compared: { readonly at: number; readonly drift: number } | null;
}

export interface PastEvent {
  readonly time: number;
  readonly instance: string;
  /** `found` and `gone`: by a comparison with Couic's own list, without a report. */
  readonly what: 'added' | 'removed' | 'expired' | 'found' | 'gone';
  readonly policy: 'drop' | 'ignore';
  readonly network: string;
  readonly tag: string | null;
  /** When Couic made the rule. */
  readonly since: number;
  /** When it was to end; null for never, or where the record does not say. */
  readonly until: number | null;
  /** Of the report's metadata. */
  readonly kind: string | null;
}

export interface History {
  /** Oldest first. */
  readonly events: readonly PastEvent[];
  /** There were more, and older, in what was read. */
  readonly truncated: boolean;
  /** Of the oldest entry that was read; null when the log holds nothing. */
  readonly from: number | null;
  /** The log goes back further; that was not read for want of time. */
  readonly partial: boolean;
  /** Why the log could not be read. */
  readonly problem?: string;
}

export interface Explanation {
  /** As it was understood: host bits cleared. */
  readonly network: string;
  readonly at: number;
  readonly instances: readonly InstanceExplanation[];
  /** Rules that were looked through for networks inside of it; 0 for a single address. */
  readonly scanned: number;
  readonly history: History;
}
