import { type Sleep, systemSleep } from '../../../src/clock.ts';
import { formatEndpoint } from '../../../src/config/endpoint.ts';
import { loadClientTls } from '../../../src/config/tls.ts';
import { Backoff } from '../../../src/delivery/backoff.ts';
import { Repeating } from '../../../src/delivery/repeating.ts';
import { StreamClient } from '../../../src/delivery/stream-client.ts';
import type { Unanswered } from '../../../src/delivery/unanswered.ts';
import type { CouicEvent } from '../../../src/events/event.ts';
import { syslogMessage } from '../../../src/events/formats/rfc5424.ts';
import { onceEach } from '../../../src/events/once-each.ts';
import type { Delivery, EventSink, Failure } from '../../../src/events/sink.ts';
import type { ExporterContext } from '../../../src/service/component.ts';
import { counted } from '../../../src/telemetry/counted.ts';
import { isSecure, type SyslogConfig } from './config.ts';
import { Unconfirmed, type Written } from './unconfirmed.ts';

/**
 * Syslog over TCP, with or without TLS. Nobody answers there: a message counts as sent once the system has it. What was written shortly
 * before a connection broke is sent again over the next one.
 */
export class TcpSink implements EventSink {
  readonly shown: string;
  readonly sizeOf: (event: CouicEvent) => number;
  readonly #context: ExporterContext;
  readonly #config: SyslogConfig;
  readonly #frame: (event: CouicEvent) => Buffer;
  readonly #client: StreamClient;
  readonly #unconfirmed: Unconfirmed;
  /** Connects again after a break that may have lost something, though no event comes. */
  readonly #resending: Repeating;
  readonly #backoff: Backoff;
  #toResend: readonly Written[] = [];
  #turns: Promise<unknown> = Promise.resolve();

  constructor(context: ExporterContext, config: SyslogConfig, sleep: Sleep = systemSleep) {
    const { endpoint: host, port, tls, timeout } = config;
    this.shown = `${isSecure(config) ? 'tls' : 'tcp'}://${formatEndpoint({ host, port })}`;
    this.#context = context;
    this.#config = config;
    this.#frame = onceEach((event) => framed(syslogMessage(event, config), config));
    this.sizeOf = (event) => this.#frame(event).length;
    this.#unconfirmed = new Unconfirmed(config.resend_max_age);
    this.#backoff = new Backoff(config.retry_on_failure, Math.random);
    this.#resending = new Repeating((end) => this.#resend(end), sleep);
    this.#client = new StreamClient({
      host,
      port,
      timeout,
      shown: this.shown,
      advice: { plain: 'what listens there may take messages without TLS only, for which there is tls.insecure' },
      tls: isSecure(config) ? () => loadClientTls(tls ?? SYSTEM_TLS) : undefined,
      onBreak: () => this.#onBreak(),
    });
  }

  async open(): Promise<void> {
    const { tls, network } = this.#config;
    if (isSecure(this.#config)) await loadClientTls(tls ?? SYSTEM_TLS);
    else this.#context.logger.debug(`Messages go over ${network} without TLS`);
    this.#resending.start();
  }

  send(events: readonly CouicEvent[], signal: AbortSignal): Promise<Delivery | Failure> {
    return this.#inTurn(async () => {
      const bytes = Buffer.concat(events.map(this.#frame));
      const failure = (await this.#ready(signal)) ?? (await this.#client.write(bytes, signal));
      if (failure) return asFailure(failure);
      this.#unconfirmed.add({ bytes, events: events.length, at: this.#now, resent: 0 });
      return {};
    });
  }

  async close(): Promise<void> {
    await this.#resending.stop();
    await this.#client.close();
    const left = sum(this.#toResend);
    this.#toResend = [];
    if (left > 0)
      this.#context.logger.warn(
        `${counted(left, 'events were', 'event was')} written before a break and not sent again since`,
      );
  }

  get #now(): number {
    return this.#context.clock.monotonic();
  }

  /** Connects if need be, and sends again first what may be lost. */
  async #ready(signal: AbortSignal): Promise<Unanswered | undefined> {
    const failure = await this.#client.connect(signal);
    if (failure) return failure;
    for (let [next, ...rest] = this.#toResend; next; [next, ...rest] = rest) {
      const failure = await this.#client.write(next.bytes, signal);
      if (failure) return failure;
      this.#toResend = rest;
      this.#unconfirmed.add({ ...next, at: this.#now, resent: next.resent + 1 });
    }
    this.#backoff.reset();
    return undefined;
  }

  #onBreak(): void {
    const lost = this.#unconfirmed.take(this.#now);
    if (lost.length === 0) return;
    this.#toResend = [...lost, ...this.#toResend];
    const seconds = this.#config.resend_max_age / 1000;
    this.#context.logger.warn(
      `${this.shown} closed the connection, or it broke: nobody knows whether ${counted(sum(lost), `events of the last ${seconds} s`)} arrived; what may be missing is sent again`,
    );
    this.#resending.wake();
  }

  async #resend(end: AbortSignal) {
    if (this.#toResend.length === 0) return undefined;
    const failure = await this.#inTurn(() => this.#ready(end));
    return failure ? { atLeast: this.#backoff.after(failure) } : undefined;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turns.then(work);
    this.#turns = turn.catch(() => {});
    return turn;
  }
}

/** The system's authorities. */
const SYSTEM_TLS = { min_version: '1.2', insecure_skip_verify: false } as const;

/** As RFC 6587 has it: the length before each message, or a line feed after it, which none has within. */
function framed(message: Buffer, { enable_octet_counting: counted }: SyslogConfig): Buffer {
  return Buffer.concat(counted ? [Buffer.from(`${message.length} `), message] : [message, Buffer.from('\n')]);
}

function asFailure({ reason, message }: Unanswered): Failure {
  return { reason, message };
}

function sum(all: readonly Written[]): number {
  return all.reduce((events, each) => events + each.events, 0);
}
