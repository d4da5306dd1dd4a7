import { Conflict } from '../../../src/log/log.ts';
import { StorageError } from '../../../src/log/storage-error.ts';
import type { CauseCode, RefusalCode } from './answers.ts';
import { MalformedRequest } from './decode/piece.ts';
import type { Encoding, Intake, Taken } from './intake.ts';
import type { OtlpLog } from './receiver-log.ts';
import type { OtlpTelemetry } from './telemetry.ts';

interface DeskOptions {
  readonly intake: Intake;
  readonly telemetry: OtlpTelemetry;
  readonly log: OtlpLog;
  readonly maxConcurrent: number;
}

/** What became of a request, whatever protocol it came by. */
type Outcome =
  | { readonly taken: Taken }
  /** @param message - what is known beyond that of the code. */
  | { readonly code: RefusalCode; readonly message?: string };

/** Takes requests of all protocols: how many at a time, and what failures mean to the sender. */
export class Desk {
  readonly #options: DeskOptions;
  #underWay = 0;
  #isStopping = false;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  /** From now on new requests are refused; those under way go on. */
  stop(): void {
    this.#isStopping = true;
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** A request has come. @returns why it cannot be taken now; if it can, `leave` has to follow. */
  enter(): RefusalCode | undefined {
    if (this.#isStopping) return 'ERR_STOPPING';
    if (this.#underWay >= this.#options.maxConcurrent) return 'ERR_BUSY';
    this.#underWay += 1;
    return undefined;
  }

  leave(): void {
    this.#underWay -= 1;
  }

  async take(body: Uint8Array, encoding: Encoding): Promise<Outcome> {
    const { intake, telemetry, log } = this.#options;
    try {
      const taken = await intake.take(body, encoding);
      telemetry.taken(taken);
      log.refusedPoints(taken);
      return { taken };
    } catch (error) {
      if (error instanceof MalformedRequest) return { code: 'ERR_MALFORMED', message: error.message };
      if (error instanceof StorageError || error instanceof Conflict) return { code: 'ERR_STORAGE' };
      log.failed(error);
      return { code: 'ERR_INTERNAL' };
    }
  }

  /** A request was refused, or a connection ended. */
  refused(code: CauseCode, details?: Readonly<Record<string, unknown>>): void {
    this.#options.telemetry.refused(code);
    this.#options.log.refused(code, details);
  }
}
