import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Log } from '../log/log.ts';
import { StorageError } from '../log/storage-error.ts';
import { formatCidr } from '../report/cidr.ts';
import { ERASE_OPERATION, type Erased, type NotErased } from '../service/admin/erase.ts';
import type { ShownRule } from '../service/admin/rules.ts';
import type { Operation } from '../service/component.ts';
import { counted } from '../telemetry/counted.ts';
import { explainNetwork } from './explain.ts';
import type { Forgetting } from './forgetting.ts';
import type { LedgerState } from './ledger-state.ts';
import { rulePage } from './rule-pages.ts';
import { Subject } from './subject.ts';

interface ErasingOptions {
  readonly state: LedgerState;
  readonly log: Pick<Log, 'erase' | 'unfinished'>;
  readonly forgetting: Pick<Forgetting, 'announce'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}

/** Rules that are named; there may be more. */
const MOST_SHOWN = 100;

/** Another bridge has to do it. @throws any other error. */
function notBegun(error: unknown): NotErased {
  if (error instanceof StorageError && error.code === 'ERR_STORAGE_LOCKED') return { refused: error.message };
  throw error;
}

/** Takes an address, a network or a tag out of all that the bridge keeps of it. */
export class Erasing {
  readonly operations: Readonly<Record<string, Operation>>;
  readonly #options: ErasingOptions;

  constructor(options: ErasingOptions) {
    this.#options = options;
    this.operations = {
      [ERASE_OPERATION]: (argument) => {
        const { network, tag } = (argument ?? {}) as { network?: string; tag?: string };
        return this.#erase(new Subject({ network, tag })).catch(notBegun);
      },
    };
  }

  /** Finishes what a process before, or another bridge, had begun. To be called when the log was loaded, and before anything reads it. */
  async resume(): Promise<void> {
    const { logger } = this.#options;
    try {
      await this.#finish();
    } catch (error) {
      logger.warn({ err: error }, 'An erasure could not be finished; it is tried again at the next start');
    }
  }

  async #finish(): Promise<void> {
    const { log, logger } = this.#options;
    const note = await log.unfinished();
    if (note === undefined) return;
    await this.#run(Subject.fromNote(note));
    logger.info('Finished an erasure that was not over');
  }

  async #erase(subject: Subject): Promise<Erased> {
    const { logger } = this.#options;
    // One that was not finished must not be forgotten over this one.
    await this.#finish();
    const { entries, stillIn } = await this.#run(subject);
    // Not what it was: the log is one of the places that keep it.
    logger.info(
      `Erased what was asked for: it was in ${counted(entries, 'entries that are kept', 'entry that is kept')} for readers`,
    );
    return { what: subject.text, entries, stillIn, ...(await this.#left(subject)) };
  }

  async #run(subject: Subject) {
    const { state, forgetting, log } = this.#options;
    const isNamed = state.instances.some((instance) => instance.hasNames((name) => subject.isIn(name)));
    // Whoever tells differences takes the last of series that end.
    if (isNamed) await forgetting.announce();
    return log.erase(subject, subject.note);
  }

  /** Rules in force: they are Couic's. */
  async #left({ network, tag }: Subject): Promise<Pick<Erased, 'inForce' | 'around'>> {
    const { state, clock } = this.#options;
    if (network === null) return { inForce: this.#tagged(tag!), around: [] };
    const { instances } = await explainNetwork(state, network, clock.now());
    // As text they are written in one way.
    const isSame = (rule: ShownRule) => rule.network === formatCidr(network);
    const all = instances.flatMap(({ rules }) => rules);
    return {
      inForce: [...all.filter(isSame), ...instances.flatMap(({ inside }) => inside.shown)].slice(0, MOST_SHOWN),
      around: all.filter((rule) => !isSame(rule)),
    };
  }

  #tagged(tag: string): readonly ShownRule[] {
    const { state, clock } = this.#options;
    const found: ShownRule[] = [];
    for (let from: number | null = 0; from !== null && found.length < MOST_SHOWN; ) {
      const page = rulePage(state, { tag }, from, clock.now());
      found.push(...page.rules);
      from = page.next;
    }
    return found.slice(0, MOST_SHOWN);
  }
}
