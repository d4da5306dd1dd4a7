import { setTimeout as sleep } from 'node:timers/promises';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { freePort } from '../../support/free-port.ts';
import { processWithLease } from './holder-of.ts';
import { NatsNode } from './nats-node.ts';

/** Three real nats-servers in one cluster. */
export class NatsCluster {
  readonly nodes: readonly NatsNode[];

  private constructor(nodes: readonly NatsNode[]) {
    this.nodes = nodes;
  }

  /** @param stores - where the streams of each are, unless in a directory of its own. */
  static async start(binary: string, stores: readonly (string | undefined)[] = []): Promise<NatsCluster> {
    const ports = [await freePort(), await freePort(), await freePort()];
    const routes = ports.map((port) => `nats://127.0.0.1:${port}`).join(', ');
    const nodes = await Promise.all(
      ports.map((port, index) => {
        const store = stores[index];
        const config = `server_name: node-${index}\ncluster {name: couic, listen: 127.0.0.1:${port}, routes: [${routes}]}`;
        return NatsNode.make({ binary, config, ...(store !== undefined && { store }) });
      }),
    );
    await Promise.all(nodes.map((node) => node.start()));
    const cluster = new NatsCluster(nodes);
    // They have to agree on who leads first.
    while (!(await cluster.#ask(async (jsm) => (await jsm.getAccountInfo()) !== undefined))) await sleep(100);
    return cluster;
  }

  /** The node that leads a stream; undefined while none does. */
  async leaderOf(stream: string): Promise<NatsNode | undefined> {
    const found = await this.#ask(async (jsm) => (await jsm.streams.info(stream)).cluster?.leader);
    return found === undefined ? undefined : this.nodes[Number(found.split('-')[1])];
  }

  /** Process that has the lease of a log, by its own word; undefined while nobody can say. */
  holderOf(stream: string): Promise<number | undefined> {
    return this.#ask((jsm) => processWithLease(jsm, stream));
  }

  /** Waits until a stream has a leader and all its copies are up to date. */
  async whole(stream: string): Promise<boolean> {
    const isWhole = await this.#ask(async (jsm) => {
      const { cluster } = await jsm.streams.info(stream);
      return (cluster?.replicas ?? []).filter(({ current, offline }) => current && !offline).length === 2;
    });
    return isWhole ?? false;
  }

  async remove(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.remove()));
  }

  async #ask<Answer>(ask: (jsm: JetStreamManager) => Promise<Answer>): Promise<Answer | undefined> {
    try {
      const servers = this.nodes.filter(({ isRunning }) => isRunning).map(({ server }) => server);
      const connection = await connect({ servers, timeout: 1000, ignoreClusterUpdates: true });
      try {
        return await ask(await jetstreamManager(connection, { timeout: 1000, checkAPI: false }));
      } finally {
        await connection.close();
      }
    } catch {
      return undefined;
    }
  }
}
