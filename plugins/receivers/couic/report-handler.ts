import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../../src/clock.ts';
import { discardRequest } from '../../../src/http/discard-request.ts';
import type { FailureBrake } from '../../../src/http/failure-brake.ts';
import type { Refusal } from '../../../src/http/http-faults.ts';
import type { Attempt } from '../../../src/ledger/attempt.ts';
import {
  BodyError,
  type IngestResult,
  type Ledger,
  type ReportLine,
  SupersededError,
} from '../../../src/ledger/ledger.ts';
import { StorageError } from '../../../src/log/storage-error.ts';
import type { Admission } from './admission.ts';
import { connectionOf, isOpen } from './connections.ts';
import { BodyStalledError, ClientGoneError, REFUSALS, type RefusalCode } from './errors.ts';
import type { EventLoopWatch } from './event-loop-watch.ts';
import { hangUpSignal } from './hang-up.ts';
import type { ReceiverLog } from './receiver-log.ts';
import { RequestBody } from './request-body.ts';
import type { SenderWatch } from './sender-watch.ts';
import { CLIENT_GONE, type ReceiverTelemetry } from './telemetry.ts';

/** A body with more reports than this gets no line for each in the log. */
const LOGGED_LINES = 10;
const NO_LINES: readonly ReportLine[] = [];
/** Answers to who does not know the token or the path. */
const SLOWED: ReadonlySet<number> = new Set([401, 403, 404, 405]);
const JSON_TYPE = 'application/json; charset=utf-8';

interface ReportHandlerOptions {
  readonly admission: Admission;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: ReceiverLog;
  readonly eventLoop: Pick<EventLoopWatch, 'wasLateSince'>;
  readonly senders: SenderWatch;
  readonly telemetry: ReceiverTelemetry;
  readonly failures: FailureBrake;
  /** Whether addresses may be logged. */
  readonly logReports: boolean;
  /** Milliseconds. */
  readonly bodyStallTimeout: number;
}

/** A request under way. */
interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** As the router knows it; undefined when none matched. */
  readonly route: string | undefined;
  /** By the monotonic clock, in ms. */
  readonly started: number;
}

/** Takes requests from their headers to their answer. This is the hot path of small requests. */
export class ReportHandler {
  readonly #options: ReportHandlerOptions;
  readonly #linesUpTo: number;
  #stopping = false;
  #underWay = 0;
  #onIdle: (() => void) | undefined;

  constructor(options: ReportHandlerOptions) {
    this.#options = options;
    this.#linesUpTo = options.logReports ? LOGGED_LINES : 0;
  }

  /** From now on new requests are refused; those under way go on. */
  stop(): void {
    this.#stopping = true;
  }

  /** Once no body is under way any more. */
  whenIdle(then: () => void): void {
    if (this.#underWay === 0) then();
    else this.#onIdle = then;
  }

  begin(route: string | undefined, request: FastifyRequest, reply: FastifyReply): Exchange {
    return { request, reply, route, started: this.#options.clock.monotonic() };
  }

  /** @param instance - whose token the request has; undefined when it has none that is known. */
  receive(instance: string | undefined, exchange: Exchange): void {
    const { headers } = exchange.request.raw;
    const encoding = headers['content-encoding'];
    if (instance === undefined) {
      this.refuse('ERR_UNAUTHORIZED', exchange);
    } else if (headers.origin !== undefined) {
      this.refuse('ERR_BROWSER', exchange, instance);
    } else if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
      this.refuse('ERR_CONTENT_ENCODING', exchange, instance);
    } else if (this.#stopping) {
      this.refuse('ERR_STOPPING', exchange, instance);
    } else if (!this.#options.admission.enter(instance)) {
      this.refuse('ERR_BUSY', exchange, instance);
    } else {
      void this.#ingest(instance, exchange);
    }
  }

  /** Answers with an error, and drops what is left of the body. */
  refuse(code: RefusalCode, exchange: Exchange, instance?: string, details: Record<string, unknown> = {}): void {
    const { request, reply } = exchange;
    const refusal: Refusal = REFUSALS[code];
    const { remoteAddress } = request.raw.socket;
    this.#options.telemetry.refused(code, instance);
    this.#options.log.refused(code, instance, { ...details, remoteAddress });
    if (refusal.headers) reply.headers(refusal.headers);
    discardRequest(request.raw);
    const text = JSON.stringify({ code, message: refusal.message, ...details });
    const answer = () => this.#answer(refusal.status, text, exchange);
    if (!SLOWED.has(refusal.status)) answer();
    else this.#options.failures.slow(answer, () => request.raw.destroy());
  }

  /** Answers what Fastify itself had to complain about. */
  fail(error: unknown, exchange: Exchange): void {
    const { statusCode = 500 } = error as { statusCode?: number };
    if (statusCode < 500) {
      // What Fastify looks at before it knows that there is no such path.
      this.refuse('ERR_NOT_FOUND', exchange);
      return;
    }
    this.#options.log.failed(error);
    this.refuse('ERR_INTERNAL', exchange);
  }

  async #ingest(instance: string, exchange: Exchange): Promise<void> {
    const { ledger, admission, telemetry, log, bodyStallTimeout } = this.#options;
    const { raw } = exchange.request;
    const body = new RequestBody(raw, bodyStallTimeout);
    const signal = hangUpSignal(raw.socket);
    const attempt = this.#attempt(instance, exchange);
    const progress: IngestResult = { accepted: 0, replayed: 0, quarantined: 0 };
    let lines = NO_LINES;
    let failure: unknown;
    this.#underWay += 1;
    try {
      await ledger.ingest(instance, body, {
        attempt,
        signal,
        progress,
        linesUpTo: this.#linesUpTo,
        onReports: (reports) => {
          lines = reports;
        },
      });
    } catch (error) {
      failure = error;
    }
    body.discard();
    admission.leave(instance);
    telemetry.ingested(instance, progress);
    if (signal.aborted || failure instanceof ClientGoneError) this.#measure(CLIENT_GONE, exchange);
    else if (failure === undefined) this.#accept(resultText(progress), attempt, exchange);
    else this.#answerFailure(failure, instance, exchange);
    log.received(instance, progress, lines);
    this.#underWay -= 1;
    if (this.#underWay === 0) this.#onIdle?.();
  }

  #attempt(instance: string, { request: { raw }, started }: Exchange): Attempt {
    const connection = connectionOf(raw.socket, started);
    this.#options.senders.came(instance, connection, started);
    const silentSince = connection.lastActive;
    connection.lastActive = started;
    return {
      connection,
      acceptedAt: connection.acceptedAt,
      silentSince,
      arrivedAt: connection.requests++ === 0 ? connection.acceptedAt : started,
      beganAt: started,
      answeredAt: undefined,
      wasLateSince: (time) => this.#options.eventLoop.wasLateSince(time),
    };
  }

  #accept(text: string, attempt: Attempt, exchange: Exchange): void {
    const { socket } = exchange.request.raw;
    const response = exchange.reply.raw;
    response.once('finish', () => {
      if (!isOpen(socket)) return;
      const now = this.#options.clock.monotonic();
      attempt.answeredAt = now;
      connectionOf(socket, now).lastActive = now;
      // A client that had gone by now, while the event loop was busy, is seen to have gone in its next turn.
      if (response.shouldKeepAlive) {
        afterTheNextTurn(() => {
          if (!isOpen(socket)) attempt.answeredAt = undefined;
        });
      }
    });
    this.#answer(200, text, exchange);
  }

  #answerFailure(failure: unknown, instance: string, exchange: Exchange): void {
    if (failure instanceof BodyError) {
      const { message, offset, result } = failure;
      this.refuse('ERR_BODY', exchange, instance, { message, offset, ...result });
    } else if (failure instanceof BodyStalledError) {
      this.refuse('ERR_BODY_STALLED', exchange, instance);
    } else if (failure instanceof SupersededError) {
      this.refuse('ERR_SUPERSEDED', exchange, instance);
    } else if (failure instanceof StorageError) {
      this.refuse('ERR_STORAGE', exchange, instance);
    } else {
      this.#options.log.failed(failure, instance);
      this.refuse('ERR_INTERNAL', exchange, instance);
    }
  }

  #answer(status: number, text: string, exchange: Exchange): void {
    const { reply } = exchange;
    if (this.#stopping) reply.header('connection', 'close');
    reply.code(status).header('content-type', JSON_TYPE).send(text);
    this.#measure(status, exchange);
  }

  #measure(status: number, { request, route, started }: Exchange): void {
    const { telemetry, clock } = this.#options;
    telemetry.answered(route, request.method, status, clock.monotonic() - started);
  }
}

/** Once the event loop has looked at its connections again. */
function afterTheNextTurn(then: () => void): void {
  setImmediate(() => setImmediate(then));
}

function resultText({ accepted, replayed, quarantined }: IngestResult): string {
  return `{"accepted":${accepted},"replayed":${replayed},"quarantined":${quarantined}}`;
}
