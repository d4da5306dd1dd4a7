import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { setImmediate } from 'node:timers/promises';
import { formatEndpoint } from '../../../src/config/endpoint.ts';
import { unanswered } from '../../../src/delivery/unanswered.ts';
import type { CouicEvent } from '../../../src/events/event.ts';
import { syslogMessage } from '../../../src/events/formats/rfc5424.ts';
import { onceEach } from '../../../src/events/once-each.ts';
import type { Delivery, EventSink, Failure } from '../../../src/events/sink.ts';
import type { SyslogConfig } from './config.ts';

/** Syslog over UDP: a datagram for each event, which a network may drop without a word. */
export class UdpSink implements EventSink {
  readonly shown: string;
  readonly sizeOf: (event: CouicEvent) => number;
  readonly #config: SyslogConfig;
  readonly #message: (event: CouicEvent) => Buffer;

  constructor(config: SyslogConfig) {
    const { endpoint: host, port } = config;
    this.shown = `udp://${formatEndpoint({ host, port })}`;
    this.#config = config;
    this.#message = onceEach((event) => syslogMessage(event, config));
    this.sizeOf = (event) => this.#message(event).length;
  }

  /** A socket of its own for each batch, so that a name that means another address now is looked up again. */
  async send(events: readonly CouicEvent[], signal: AbortSignal): Promise<Delivery | Failure> {
    const { endpoint, port, timeout } = this.#config;
    let socket: Socket | undefined;
    try {
      const { address, family } = await lookup(endpoint);
      socket = createSocket(family === 6 ? 'udp6' : 'udp4');
      const sending = socket;
      const broken = new Promise<never>((_, reject) => sending.once('error', reject));
      broken.catch(() => {});
      await Promise.race([broken, new Promise<void>((resolve) => sending.connect(port, address, resolve))]);
      for (const event of events) {
        if (signal.aborted) return { reason: 'ended', message: `${this.shown}: it was ended` };
        await Promise.race([broken, sent(sending, this.#message(event))]);
      }
      // A host that answers that nobody listens there does so after the last one, too.
      await Promise.race([broken, setImmediate()]);
      return {};
    } catch (error) {
      const { reason, message } = unanswered(error as NodeJS.ErrnoException, { shown: this.shown, timeout });
      return { reason, message };
    } finally {
      socket?.on('error', () => {}).close();
    }
  }
}

function sent(socket: Socket, message: Buffer): Promise<void> {
  return new Promise((resolve, reject) => socket.send(message, (error) => (error ? reject(error) : resolve())));
}
