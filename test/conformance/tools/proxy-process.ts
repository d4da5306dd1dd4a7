import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { RunningProcess } from './running-process.ts';

export type ProxyName = 'nginx' | 'haproxy' | 'caddy';

const PAGE = join(import.meta.dirname, '../../../docs/couic.md');
/** Where the documented lines send reports to. */
const BRIDGE = '127.0.0.1:8000';
const ACCESS_LOG = 'access.log';

/** The lines that docs/couic.md has for a proxy. */
export function documentedLines(name: ProxyName): string {
  const [, lines] = new RegExp(`\`\`\`${name}\\n([\\s\\S]*?)\`\`\``).exec(readFileSync(PAGE, 'utf8')) ?? [];
  if (lines === undefined) throw new Error(`docs/couic.md has no lines for ${name}`);
  return lines;
}

/** A real reverse proxy in front of a bridge, without TLS, in the foreground. */
export class ProxyProcess {
  /** `http://host:port/v1/reports`, without a token. */
  readonly webhook: string;
  readonly #process: RunningProcess;
  readonly #directory: string;

  private constructor(process: RunningProcess, directory: string, webhook: string) {
    this.#process = process;
    this.#directory = directory;
    this.webhook = webhook;
  }

  /**
   * @param lines - as documented: what stands in a `server` of nginx, a `haproxy.cfg`, a `Caddyfile`.
   * @param bridge - `host:port` of the bridge.
   * @param port - where it listens. @default a free one
   */
  static async start(binary: string, name: ProxyName, lines: string, bridge: string, port?: number) {
    const directory = await mkdtemp(join(tmpdir(), `couic-${name}-`));
    const listen = `127.0.0.1:${port ?? (await freePort())}`;
    const file = join(directory, 'config');
    await writeFile(file, CONFIGS[name](lines.replaceAll(BRIDGE, bridge), listen, directory));
    const running = await RunningProcess.start({
      file: binary,
      args: COMMANDS[name](file, directory),
      env: { ...process.env, HOME: directory, XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory },
      ready: READY[name],
    });
    await answering(listen, running);
    return new ProxyProcess(running, directory, `http://${listen}/v1/reports`);
  }

  /** Everything that it wrote, its logs included. */
  get output(): string {
    const file = join(this.#directory, ACCESS_LOG);
    return this.#process.output + (existsSync(file) ? readFileSync(file, 'utf8') : '');
  }

  async stop(): Promise<void> {
    await this.#process.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

const CONFIGS: Readonly<Record<ProxyName, (lines: string, listen: string, directory: string) => string>> = {
  nginx: (lines, listen, directory) => `
    pid ${directory}/pid;
    error_log stderr;
    events {}
    http {
      access_log ${directory}/${ACCESS_LOG};
      client_body_temp_path ${directory}/body;
      proxy_temp_path ${directory}/proxy;
      fastcgi_temp_path ${directory}/fastcgi;
      uwsgi_temp_path ${directory}/uwsgi;
      scgi_temp_path ${directory}/scgi;
      server {
        listen ${listen};
        ${lines.replace(/error_log \S+/, 'error_log stderr')}
      }
    }`,
  haproxy: (lines, listen) => `global
  log stderr local0
defaults
  log global
  option httplog
${lines.replace(/bind .*/, `bind ${listen}`)}`,
  caddy: (lines, listen) => lines.replace(/^\S+\.\S+ \{$/m, `http://${listen} {`).replace(/^\{$/m, '{\n\tadmin off'),
};

const COMMANDS: Readonly<Record<ProxyName, (file: string, directory: string) => readonly string[]>> = {
  nginx: (file, directory) => ['-p', directory, '-c', file, '-g', 'daemon off;'],
  haproxy: (file) => ['-db', '-f', file],
  caddy: (file) => ['run', '--adapter', 'caddyfile', '--config', file],
};

/** Nginx and HAProxy say nothing when they are up. */
const READY: Readonly<Record<ProxyName, readonly RegExp[]>> = {
  nginx: [],
  haproxy: [],
  caddy: [/serving initial configuration/],
};

async function answering(listen: string, { output }: RunningProcess): Promise<void> {
  for (let tries = 0; ; tries++) {
    const answered = await fetch(`http://${listen}/`).then(
      () => true,
      () => false,
    );
    if (answered) return;
    if (tries === 100) throw new Error(`the proxy does not answer on ${listen}:\n${output}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
