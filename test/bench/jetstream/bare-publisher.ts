import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { askProbe } from '../ask-probe.ts';
import { mustEqual } from '../benchmark.ts';
import type { ProbeReading } from '../probe.ts';
import type { PublishCommand } from './bare-publish-child.ts';
import type { Servers } from './servers.ts';

/** The least that a replicated append can mean: a process that publishes, and waits for each acknowledgement. */
export class BarePublisher {
  readonly #child: ChildProcess;
  #published = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start({ addresses, replicas }: Servers): Promise<BarePublisher> {
    const child = fork(new URL('./bare-publish-child.js', import.meta.url), [addresses.join(), String(replicas)], {
      execArgv: ['--import', new URL('../probe.js', import.meta.url).href],
    });
    const ended = once(child, 'exit').then(() => Promise.reject(new Error('the process that publishes ended')));
    await Promise.race([once(child, 'message'), ended]);
    ended.catch(() => {});
    return new BarePublisher(child);
  }

  /** @returns µs of CPU of the process, and seconds by the clock, of all of them. */
  async publish(command: PublishCommand): Promise<{ cpu: number; seconds: number }> {
    await askProbe(this.#child, 'mark');
    const start = performance.now();
    this.#child.send(command);
    const [{ inStream }] = (await once(this.#child, 'message')) as [{ inStream: number }];
    const seconds = (performance.now() - start) / 1000;
    const { cpu } = (await askProbe(this.#child, 'read')) as ProbeReading;
    this.#published += command.messages;
    mustEqual('messages', inStream, this.#published);
    return { cpu, seconds };
  }

  async stop(): Promise<void> {
    this.#child.kill();
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
  }
}
