import type { BodySource } from '../../src/ledger/body-source.ts';
import { BodyError, type IngestOptions, type IngestResult, type Ledger } from '../../src/ledger/ledger.ts';
import type { QuarantinedReport } from '../../src/ledger/quarantined-report.ts';

import type { RuleCounts } from '../../src/ledger/traffic.ts';

const NO_HURRY = Number.POSITIVE_INFINITY;

interface WireReport {
  action: 'add' | 'remove';
  policy: 'drop' | 'ignore';
  entry: { cidr: string; tag: string | null };
}

/** A ledger that keeps what it was given in memory: JSON.parse of whole bodies, one at a time for each instance. */
export class FakeLedger implements Ledger {
  /** Bodies taken, in order. */
  readonly bodies: { instance: string; reports: WireReport[] }[] = [];
  /** Bodies that were begun and not taken, with why. */
  readonly failures: unknown[] = [];
  /** Called once a body has come whole, before it counts: may wait, or throw as a store would. */
  beforeCommit: (instance: string, signal: AbortSignal | undefined) => Promise<void> | void = () => {};
  /** Bytes read so far. */
  bytes = 0;
  readonly #turns = new Map<string, Promise<unknown>>();

  ingest(instance: string, body: BodySource, options: IngestOptions = {}): Promise<IngestResult> {
    const before = this.#turns.get(instance) ?? Promise.resolve();
    const turn = before.then(() => this.#take(instance, body, options));
    const settled = turn.catch((error) => this.failures.push(error));
    this.#turns.set(instance, settled);
    return turn;
  }

  producer(): never {
    throw new Error('this ledger gives no metrics');
  }

  beforeForgetting(): () => void {
    return () => {};
  }

  recordTraffic(): Promise<never> {
    throw new Error('this ledger takes reports only');
  }

  reconcile(): Promise<never> {
    throw new Error('this ledger takes reports only');
  }

  setUp(): void {}

  ruleCounts(): RuleCounts {
    return { drop: 0, ignore: 0 };
  }

  hasReported(): boolean {
    return false;
  }

  lastComparison(): undefined {}

  limits() {
    return [];
  }

  quarantined(): readonly QuarantinedReport[] {
    return [];
  }

  /** All reports of an instance. */
  reports(instance: string): WireReport[] {
    return this.bodies.filter((body) => body.instance === instance).flatMap((body) => body.reports);
  }

  async #take(instance: string, body: BodySource, options: IngestOptions): Promise<IngestResult> {
    const chunks: Uint8Array[] = [];
    for (let chunk = await body.read(NO_HURRY); chunk !== null; chunk = await body.read(NO_HURRY)) {
      options.signal?.throwIfAborted();
      if (chunk === undefined) continue;
      this.bytes += chunk.length;
      chunks.push(Buffer.from(chunk));
    }
    const text = Buffer.concat(chunks).toString();
    const result = { accepted: 0, replayed: 0, quarantined: 0 };
    const reports = parse(text, result);
    await this.beforeCommit(instance, options.signal);
    options.signal?.throwIfAborted();
    result.accepted = reports.length;
    this.bodies.push({ instance, reports });
    if (options.progress) Object.assign(options.progress, result);
    if (reports.length <= (options.linesUpTo ?? 0)) {
      options.onReports?.(
        reports.map(({ action, policy, entry }) => ({ action, policy, cidr: entry.cidr, tag: entry.tag })),
      );
    }
    return result;
  }
}

function parse(text: string, result: IngestResult): WireReport[] {
  try {
    const value = JSON.parse(text);
    if (Array.isArray(value)) return value;
  } catch {}
  throw new BodyError('expected a JSON array', 0, result);
}
