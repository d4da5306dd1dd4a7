import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeAuthority } from '../../support/certificates.ts';
import { freePort } from './free-port.ts';

/** Debian's rsyslog, over TCP or TLS; it writes what it understood of each message, a line each. */
export class Rsyslog {
  readonly port: number;
  /** Of the authority of its certificate, with TLS. */
  readonly caFile: string;
  readonly #binary: string;
  readonly #directory: string;
  #child: ChildProcess | undefined;

  private constructor(binary: string, directory: string, port: number) {
    this.#binary = binary;
    this.#directory = directory;
    this.port = port;
    this.caFile = join(directory, 'ca.pem');
  }

  static async start(binary: string, tls: boolean): Promise<Rsyslog> {
    const directory = await mkdtemp(join(tmpdir(), 'conformance-rsyslog-'));
    const server = new Rsyslog(binary, directory, await freePort());
    const authority = await makeAuthority();
    const { cert, key } = await authority.issue('syslog.example');
    await writeFile(server.caFile, authority.cert);
    await writeFile(join(directory, 'cert.pem'), cert);
    await writeFile(join(directory, 'key.pem'), key);
    await writeFile(join(directory, 'rsyslog.conf'), server.#config(tls));
    await server.run();
    return server;
  }

  async run(): Promise<void> {
    const child = spawn(
      this.#binary,
      ['-n', '-f', join(this.#directory, 'rsyslog.conf'), '-i', join(this.#directory, 'pid')],
      { stdio: 'ignore' },
    );
    this.#child = child;
    for (let tries = 0; !(await this.#listens()); tries++) {
      if (tries === 100 || child.exitCode !== null) throw new Error('rsyslogd did not come up');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    await rm(join(this.#directory, 'pid'), { force: true });
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** Message id, structured data, message; one for each message that it took. */
  async messages(): Promise<string[][]> {
    const text = await readFile(join(this.#directory, 'out'), 'utf8').catch(() => '');
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split('\t'));
  }

  #listens(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1');
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
  }

  #config(tls: boolean): string {
    const directory = this.#directory;
    const files = ['CAFile="ca.pem"', 'CertFile="cert.pem"', 'KeyFile="key.pem"']
      .map((each) => `DefaultNetstreamDriver${each.replace('="', `="${directory}/`)}`)
      .join(' ');
    const driver = tls ? 'StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="anon"' : '';
    return `global(workDirectory="${directory}" ${tls ? `DefaultNetstreamDriver="gtls" ${files}` : ''})
module(load="imtcp" ${driver})
template(name="out" type="string" string="%msgid%\\t%structured-data%\\t%msg%\\n")
input(type="imtcp" address="127.0.0.1" port="${this.port}")
*.* action(type="omfile" file="${directory}/out" template="out")
`;
  }
}
