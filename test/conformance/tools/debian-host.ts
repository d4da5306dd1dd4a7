import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CommandResult, run } from './command.ts';
import { cachePath } from './go-build.ts';

/** Debian 13 is the first whose own Node is new enough. */
const RELEASE = 'trixie';
const PACKAGES = ['systemd', 'systemd-sysv', 'dbus', 'nodejs', 'curl', 'bash-completion', 'man-db'];
const BOOT_TIMEOUT = 90_000;
const COMMAND_TIMEOUT = 120_000;

/** A root file system of Debian with systemd and Node, made once: its path. @throws when it cannot be made. */
export async function ensureRoot(debootstrap: string): Promise<string> {
  const root = cachePath('debian', [RELEASE, ...PACKAGES].join());
  if (existsSync(root)) return root;
  await mkdir(dirname(root), { recursive: true });
  const unfinished = `${root}.${process.pid}`;
  try {
    const args = ['--variant=minbase', `--include=${PACKAGES.join()}`, RELEASE, unfinished];
    const { code, stdout, stderr } = await run(debootstrap, args, { timeout: 10 * 60_000 });
    if (code !== 0) throw new Error(`debootstrap ${RELEASE}: ${`${stdout}${stderr}`.trim().split('\n').at(-1)}`);
    await rename(unfinished, root);
    return root;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** A Debian that was booted with its own systemd, without a network, on a root that forgets everything at its end. */
export class DebianHost {
  readonly #nspawn: ChildProcess;
  readonly #leader: number;

  private constructor(nspawn: ChildProcess, leader: number) {
    this.#nspawn = nspawn;
    this.#leader = leader;
  }

  /** @param files - folder of this machine that the host sees as `/mnt`. @throws when this machine cannot boot one. */
  static async boot(nspawn: string, root: string, files: string): Promise<DebianHost> {
    const args = ['--quiet', `--directory=${root}`, `--machine=bridge-${process.pid}`, '--volatile=overlay', '--boot'];
    const child = spawn(
      nspawn,
      [...args, '--private-network', '--register=no', '--keep-unit', `--bind-ro=${files}:/mnt`],
      // On a machine with both kinds of control groups, the newer: it is the one that Debian 13 boots with.
      { env: { PATH: process.env.PATH, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1' }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text) => {
        said = `${said}${text}`.slice(-2000);
      });
    }
    for (const until = Date.now() + BOOT_TIMEOUT; Date.now() < until && child.exitCode === null; await sleep(500)) {
      const leader = firstChild(child.pid);
      if (leader === undefined) continue;
      const host = new DebianHost(child, leader);
      const { stdout } = await host.sh('systemctl is-system-running').catch(() => ({ stdout: '' }));
      if (!/^(running|degraded)/.test(stdout)) continue;
      await host.sh('ip link set lo up');
      return host;
    }
    child.kill('SIGKILL');
    throw new Error(`no Debian could be booted here: ${said.trim()}`);
  }

  /** Runs a script in the host, as root. */
  sh(script: string): Promise<CommandResult> {
    const namespaces = ['--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup'];
    return run('nsenter', ['--target', String(this.#leader), ...namespaces, '--', '/bin/sh', '-c', script], {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' },
      timeout: COMMAND_TIMEOUT,
    });
  }

  async end(): Promise<void> {
    if (this.#nspawn.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#nspawn.once('exit', resolve));
    this.#nspawn.kill('SIGKILL');
    try {
      process.kill(this.#leader, 'SIGKILL');
    } catch {
      // It went with its parent.
    }
    await ended;
  }
}

function firstChild(pid: number | undefined): number | undefined {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return children === '' ? undefined : Number(children.split(' ')[0]);
  } catch {
    return undefined;
  }
}
