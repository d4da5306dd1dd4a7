import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { below, type Random } from '../../support/couic-sim/random.ts';

const CHECK_MS = 500;

/** Where a bridge takes reports, and where it says whether it can. */
export interface Target {
  readonly port: number;
  readonly healthPort: number;
}

/**
 * A load balancer without affinity: each request goes to any of the bridges that are well, as their health checks say twice a second; to any
 * of all when none is. It tries none a second time.
 */
export class Balancer {
  readonly #random: Random;
  readonly #targets: readonly Target[];
  readonly #well = new Set<Target>();
  /** Answers by their status; 0: none that it could pass on. */
  readonly answers: Record<string, number> = {};
  #checking: NodeJS.Timeout | undefined;
  readonly #server = createServer((incoming, outgoing) => {
    const targets = this.#well.size > 0 ? [...this.#well] : this.#targets;
    const { port } = targets[below(this.#random, targets.length)]!;
    const { method, url, headers } = incoming;
    const passed = request({ host: '127.0.0.1', port, method, path: url, headers, agent: false }, (answer) => {
      this.#count(answer.statusCode!);
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    });
    passed.on('error', () => {
      this.#count(0);
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

  constructor(random: Random, targets: readonly Target[]) {
    this.#random = random;
    this.#targets = targets;
  }

  async open(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#checking = setInterval(() => void this.#check(), CHECK_MS);
    await this.#check();
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** How many bridges are well. */
  get well(): number {
    return this.#well.size;
  }

  close(): void {
    clearInterval(this.#checking);
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #count(status: number): void {
    this.answers[status] = (this.answers[status] ?? 0) + 1;
  }

  async #check(): Promise<void> {
    await Promise.all(
      this.#targets.map(async (target) => {
        const signal = AbortSignal.timeout(CHECK_MS);
        const isWell = await fetch(`http://127.0.0.1:${target.healthPort}/`, { signal }).then(
          ({ ok }) => ok,
          () => false,
        );
        if (isWell) this.#well.add(target);
        else this.#well.delete(target);
      }),
    );
  }
}
