import { freePort } from './free-port.ts';
import { RunningProcess } from './running-process.ts';

/** A real Collector, on ports of its own. */
export class CollectorProcess {
  /** For an OTLP/HTTP exporter, without a path. */
  readonly otlp: string;
  /** `host:port` of its prometheus exporter. */
  readonly metrics: string;
  readonly #process: RunningProcess;

  private constructor(running: RunningProcess, otlp: string, metrics: string) {
    this.#process = running;
    this.otlp = `http://${otlp}`;
    this.metrics = metrics;
  }

  /** @param config - path of a file that takes its addresses from the environment, as that of `deploy/collector` does. */
  static async start(binary: string, config: string): Promise<CollectorProcess> {
    const otlp = `127.0.0.1:${await freePort()}`;
    const metrics = `127.0.0.1:${await freePort()}`;
    const env = { ...process.env, COUIC_OTLP_ENDPOINT: otlp, COUIC_PROMETHEUS_ENDPOINT: metrics };
    const args = ['--config', config];
    const running = await RunningProcess.start({ file: binary, args, env, ready: [/Everything is ready/] });
    return new CollectorProcess(running, otlp, metrics);
  }

  /** Lines of its log at warn and above. */
  get complaints(): readonly string[] {
    return this.#process.output.split('\n').filter((line) => /\t(warn|error)\t/.test(line));
  }

  async scrape(): Promise<string> {
    const response = await fetch(`http://${this.metrics}/metrics`);
    return response.text();
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}
