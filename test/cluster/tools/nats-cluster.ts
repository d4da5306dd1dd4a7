import { setTimeout as sleep } from 'node:timers/promises';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { freePort } from '../../support/free-port.ts';
import { processWithLease } from './holder-of.ts';
import { NatsNode } from './nats-node.ts';
import { NodeLinks } from './node-links.ts';

const START_MS = 60_000;
/** Where nobody listens. */
const NOWHERE = '127.0.0.1:1';

/** Three real nats-servers in one cluster, with ways between them that can be cut. */
export class NatsCluster {
  readonly nodes: readonly NatsNode[];
  readonly links: NodeLinks;

  private constructor(nodes: readonly NatsNode[], links: NodeLinks) {
    this.nodes = nodes;
    this.links = links;
  }

  /** @param stores - where the streams of each are, unless in a directory of its own. */
  static async start(binary: string, stores: readonly (string | undefined)[] = []): Promise<NatsCluster> {
    const ports = [await freePort(), await freePort(), await freePort()];
    const links = await NodeLinks.open(ports);
    const nodes = await Promise.all(
      ports.map((port, index) => {
        const store = stores[index];
        // Itself as well: the servers count their routes to know how many they are to be before they agree on anything.
        const routes = [port, ...links.portsFrom(index)].map((to) => `nats://127.0.0.1:${to}`).join(', ');
        // Nodes tell each other where third ones are: there must be no way round the links.
        const cluster = `name: couic, listen: 127.0.0.1:${port}, advertise: "${NOWHERE}", routes: [${routes}]`;
        const config = `server_name: node-${index}\ncluster {${cluster}}`;
        return NatsNode.make({ binary, config, ...(store !== undefined && { store }) });
      }),
    );
    await Promise.all(nodes.map((node) => node.start()));
    const cluster = new NatsCluster(nodes, links);
    // They have to agree on who leads first, and on who is there: without that they make no stream.
    const end = performance.now() + START_MS;
    while (!(await cluster.#ask(canKeepCopies))) {
      if (performance.now() > end) {
        await cluster.remove();
        throw new Error(`the servers do not agree on who leads:\n${nodes.map(({ log }) => log).join('\n')}`);
      }
      await sleep(100);
    }
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
    this.links.close();
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

async function canKeepCopies(jsm: JetStreamManager): Promise<boolean> {
  const { config } = await jsm.streams.add({ name: 'agreed', subjects: ['agreed'], num_replicas: 3 });
  return jsm.streams.delete(config.name);
}
