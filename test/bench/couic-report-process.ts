import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../support/free-port.ts';
import { cpuOfProcess } from './process-cpu.ts';

const SECRET = 'de305d54-75b4-431b-adb2-eb6b9e546014';

/** Couic's own program for its webhook: counts what was added for a message to Discord, of which it is given none. */
export class CouicReportProcess {
  readonly path = `/v1/reports/${SECRET}`;
  readonly port: number;
  readonly #child: ChildProcess;
  #marked = 0;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  /** @param program - its path. @param directory - for its configuration. */
  static async start(program: string, directory: string): Promise<CouicReportProcess> {
    const port = await freePort();
    const config = join(directory, 'couic-report.toml');
    writeFileSync(config, `[server]\naddr = "127.0.0.1"\nport = ${port}\nsecret = "${SECRET}"\n`);
    const child = spawn(program, ['--config', config], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    for await (const text of child.stdout.setEncoding('utf8')) {
      said += text;
      if (said.includes('Server running')) break;
    }
    child.stdout.resume();
    if (child.exitCode !== null) throw new Error(`couic-report ended with ${child.exitCode}: ${said}`);
    return new CouicReportProcess(child, port);
  }

  mark(): void {
    this.#marked = cpuOfProcess(this.#child.pid!);
  }

  /** CPU time since `mark`, µs. */
  read(): number {
    return cpuOfProcess(this.#child.pid!) - this.#marked;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill();
    await once(this.#child, 'exit');
  }
}
