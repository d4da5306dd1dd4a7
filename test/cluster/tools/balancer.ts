import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { below, type Random } from '../../support/couic-sim/random.ts';

/** A load balancer without affinity: each request goes to any of the bridges that run. It tries none a second time. */
export class Balancer {
  readonly #random: Random;
  readonly #targets: () => readonly number[];
  readonly #server = createServer((incoming, outgoing) => {
    const targets = this.#targets();
    const port = targets[below(this.#random, Math.max(1, targets.length))];
    if (port === undefined) {
      outgoing.writeHead(502).end();
      return;
    }
    const { method, url, headers } = incoming;
    const passed = request({ host: '127.0.0.1', port, method, path: url, headers, agent: false }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    });
    passed.on('error', () => {
      if (outgoing.headersSent) outgoing.destroy();
      else outgoing.writeHead(502).end();
    });
    // Who gave up wants no answer any more.
    incoming.on('close', () => {
      if (!incoming.complete) passed.destroy();
    });
    outgoing.on('close', () => {
      if (!outgoing.writableEnded) passed.destroy();
    });
    incoming.pipe(passed);
  });

  /** @param targets - ports of those that run now. */
  constructor(random: Random, targets: () => readonly number[]) {
    this.#random = random;
    this.#targets = targets;
  }

  async open(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
