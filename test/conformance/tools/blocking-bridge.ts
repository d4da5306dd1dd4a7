import { randomUUID } from 'node:crypto';
import { BridgeProcess } from './bridge-process.ts';

const TOKEN = randomUUID();

/** A bridge that exports events, and the Couic that blocks addresses: each with its number in the detail. */
export class BlockingBridge {
  readonly #bridge: BridgeProcess;
  #blocked = 0;

  private constructor(bridge: BridgeProcess) {
    this.#bridge = bridge;
  }

  /** @param exporters - of events, by id. */
  static async start(exporters: Readonly<Record<string, object>>): Promise<BlockingBridge> {
    const bridge = await BridgeProcess.start({
      receivers: { couic: { endpoint: '127.0.0.1:0', instances: [{ name: 'paris', token: TOKEN }] } },
      exporters: { prometheus: { endpoint: '127.0.0.1:0' }, ...exporters },
      extensions: { file_storage: { directory: 'DIRECTORY' } },
      service: {
        extensions: ['file_storage'],
        pipelines: {
          metrics: { receivers: ['couic'], exporters: ['prometheus'] },
          logs: { receivers: ['couic'], exporters: Object.keys(exporters) },
        },
      },
    });
    return new BlockingBridge(bridge);
  }

  /** Reports that were answered with 200 so far. */
  get blocked(): number {
    return this.#blocked;
  }

  get log(): string {
    return this.#bridge.log;
  }

  /** Reports that so many addresses were blocked. */
  async block(count: number): Promise<void> {
    const creation = Math.floor(Date.now() / 1000);
    const reports = Array.from({ length: count }, (_, index) => {
      const number = this.#blocked + index;
      const cidr = `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}/32`;
      const metadata = { kind: 'automated', detail: `knocked as number${number}`, extra: { port: 22 } };
      return { action: 'add', policy: 'drop', entry: { creation, cidr, tag: 'ssh', expiration: 0 }, metadata };
    });
    const response = await fetch(`${this.#bridge.webhook}/${TOKEN}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(reports),
    });
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    this.#blocked += count;
  }

  killAndStart(): Promise<void> {
    return this.#bridge.killAndStart();
  }

  stop(): Promise<void> {
    return this.#bridge.stop();
  }
}
