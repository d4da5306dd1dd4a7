import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../support/free-port.ts';
import { sumByLabels } from '../../support/parse-exposition.ts';
import type { KillPlan } from './kill-plan.ts';

const RETRY = { initial_interval: '50ms', max_interval: '300ms' };

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** A bridge that is killed and started again over the same directory and ports. */
export class KilledBridge {
  readonly directory = mkdtempSync(join(tmpdir(), 'couic-crash-'));
  readonly #config = join(this.directory, 'config.json');
  /** Lines of JSON, one for each event. */
  readonly events = join(this.directory, 'events.json');
  readonly #instances: readonly string[];
  #port = 0;
  #metricsPort = 0;
  #child: ChildProcess | undefined;
  #stderr = '';

  constructor(instances: readonly string[]) {
    this.#instances = instances;
  }

  /** @param siem - URL of a bulk API. */
  async prepare(lapi: string, interval: string, siem: string): Promise<void> {
    [this.#port, this.#metricsPort] = [await freePort(), await freePort()];
    const config = {
      receivers: {
        couic: {
          endpoint: `127.0.0.1:${this.#port}`,
          log_reports: false,
          instances: this.#instances.map((name) => ({ name, token: tokenOf(name) })),
        },
      },
      exporters: {
        prometheus: { endpoint: `127.0.0.1:${this.#metricsPort}` },
        crowdsec: {
          endpoint: lapi,
          api_key: 'test-key',
          interval,
          heartbeat: false,
          retry_on_failure: RETRY,
        },
        elasticsearch: { endpoint: siem, retry_on_failure: RETRY, batch: { max_events: 50 } },
        file: { path: this.events },
      },
      extensions: { file_storage: { directory: join(this.directory, 'state') } },
      service: {
        extensions: ['file_storage'],
        pipelines: {
          metrics: { receivers: ['couic'], exporters: ['prometheus', 'crowdsec'] },
          logs: { receivers: ['couic'], exporters: ['elasticsearch', 'file'] },
        },
        telemetry: { logs: { level: 'warn', encoding: 'json' } },
      },
    };
    writeFileSync(this.#config, JSON.stringify(config));
  }

  webhookOf(instance: string): string {
    return `http://127.0.0.1:${this.#port}/v1/reports/${tokenOf(instance)}`;
  }

  /** Starts it; it ends by its plan, or runs on with none. */
  start(plan: KillPlan | null): void {
    const script = join(root, 'dist-test/test/faults/crash/child.js');
    const child = spawn(process.execPath, [script, this.#config, JSON.stringify(plan)], {
      // Its input ends with this process.
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    this.#stderr = '';
    child.stderr.on('data', (text) => {
      this.#stderr += text;
    });
    this.#child = child;
  }

  /** @returns whether it was killed before the time was over; else it is killed now. */
  async killedWithin(milliseconds: number): Promise<boolean> {
    const child = this.#child!;
    let byPlan = true;
    const timer = setTimeout(() => {
      byPlan = false;
      child.kill('SIGKILL');
    }, milliseconds);
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    clearTimeout(timer);
    if (child.signalCode !== 'SIGKILL')
      throw new Error(`the bridge ended by itself: ${child.exitCode}\n${this.#stderr}`);
    return byPlan;
  }

  /** Waits until none has been on its way for a second: a batch waits for a tenth of that. */
  async caughtUp(): Promise<void> {
    for (let turn = 0, idle = 0; turn < 600; turn++) {
      const ages = await this.scrape('couic_bridge_events_oldest_event_age_seconds', ['exporter']);
      idle = ages !== null && Object.values(ages).every((age) => age === 0) ? idle + 1 : 0;
      if (idle === 20) return;
      await sleep(50);
    }
    throw new Error('events are not sent within 30 s');
  }

  /** Distinct ones, by `instance name`. */
  eventsInFile(): Record<string, number> {
    const actions = new Map<string, string>();
    for (const line of readFileSync(this.events, 'utf8').trimEnd().split('\n')) {
      const { id, name, instance } = JSON.parse(line) as { id: string; name: string; instance: string };
      actions.set(id, `${instance} ${name}`);
    }
    const counts: Record<string, number> = {};
    for (const action of actions.values()) counts[action] = (counts[action] ?? 0) + 1;
    return counts;
  }

  /** Ends it in order. */
  async stop(): Promise<void> {
    const child = this.#child!;
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    if (child.exitCode !== 0) throw new Error(`the bridge ended with ${child.exitCode}\n${this.#stderr}`);
  }

  /** Values of one metric by the values of the given labels, joined by spaces. Null while it cannot be scraped. */
  async scrape(metric: string, labels: readonly string[]): Promise<Record<string, number> | null> {
    const text = await fetch(`http://127.0.0.1:${this.#metricsPort}/metrics`).then(
      (response) => (response.ok ? response.text() : null),
      () => null,
    );
    if (text === null) return null;
    return sumByLabels(text, metric, labels);
  }

  remove(): void {
    this.#child?.kill('SIGKILL');
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function tokenOf(instance: string): string {
  return `00000000-0000-4000-8000-token-${instance}`;
}
