import { BridgeUnderTest } from '../../support/bridge-under-test.ts';
import { SimulatedCouic, type SimulatedCouicOptions } from '../../support/couic-sim/couic.ts';
import { freePort } from '../../support/free-port.ts';
import { sumByLabels } from '../../support/parse-exposition.ts';

/** A running bridge with an instance for each of several Couic, on a port that it keeps. */
export class SenderBridge {
  readonly process = new BridgeUnderTest();
  readonly port: number;
  readonly #names: readonly string[];

  private constructor(port: number, names: readonly string[]) {
    this.port = port;
    this.#names = names;
  }

  static async start(names: readonly string[]): Promise<SenderBridge> {
    const bridge = new SenderBridge(await freePort(), names);
    bridge.process.write({
      receivers: {
        couic: {
          endpoint: `127.0.0.1:${bridge.port}`,
          log_reports: false,
          instances: names.map((name, index) => ({ name, token: tokenOf(index) })),
        },
      },
      exporters: { prometheus: { endpoint: '127.0.0.1:0' } },
      extensions: { file_storage: { directory: './state' } },
      service: {
        extensions: ['file_storage'],
        pipelines: { metrics: { receivers: ['couic'], exporters: ['prometheus'] } },
      },
    });
    await bridge.process.start();
    return bridge;
  }

  /** A Couic with the real one's times, that reports for one of the names. @param port - of the way to the bridge. */
  couic(name: string, options: Partial<SimulatedCouicOptions> = {}, port = this.port): SimulatedCouic {
    const webhook = `http://127.0.0.1:${port}/v1/reports/${tokenOf(this.#names.indexOf(name))}`;
    const couic = new SimulatedCouic({ webhook, ...options });
    couic.start();
    return couic;
  }

  /** Reports and active rules that it shows for one Couic. */
  async shown(name: string): Promise<{ reports: number; active: number }> {
    const text = await this.process.scrape();
    const of = (metric: string) => sumByLabels(text, metric, ['couic_instance_name'])[name] ?? 0;
    return { reports: of('couic_reports_total'), active: of('couic_rule_active') };
  }

  remove(): Promise<void> {
    return this.process.remove();
  }
}

/** What the bridge has to show for it: every report that was queued, and every rule. */
export function truth({ counts, firewall }: SimulatedCouic): { reports: number; active: number } {
  return { reports: counts.offered, active: firewall.count('drop') + firewall.count('ignore') };
}

function tokenOf(index: number): string {
  return `00000000-0000-4000-8000-sender-${String(index).padStart(4, '0')}`;
}
