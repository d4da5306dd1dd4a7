import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { RunningProcess } from './running-process.ts';

/** A real VictoriaLogs, empty, which keeps what is up to ten years old. */
export class VictoriaLogs {
  readonly url: string;
  readonly #process: RunningProcess;
  readonly #directory: string;

  private constructor(running: RunningProcess, directory: string, url: string) {
    this.#process = running;
    this.#directory = directory;
    this.url = url;
  }

  static async start(binary: string): Promise<VictoriaLogs> {
    const directory = await mkdtemp(join(tmpdir(), 'victoria-logs-'));
    const listen = `127.0.0.1:${await freePort()}`;
    const running = await RunningProcess.start({
      file: binary,
      args: [`-storageDataPath=${directory}`, `-httpListenAddr=${listen}`, '-retentionPeriod=10y'],
      ready: [/started server at/],
    });
    return new VictoriaLogs(running, directory, `http://${listen}`);
  }

  /** Lines of its log at warn and above. */
  get complaints(): readonly string[] {
    return this.#process.output.split('\n').filter((line) => /\t(warn|error)\t/.test(line));
  }

  /** @param query - in LogsQL: a bare word is looked for in the message. */
  async query(query: string): Promise<Record<string, string>[]> {
    const response = await fetch(`${this.url}/select/logsql/query`, {
      method: 'POST',
      body: new URLSearchParams({ query }),
    });
    const lines = (await response.text()).split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line));
  }

  async stop(): Promise<void> {
    await this.#process.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
