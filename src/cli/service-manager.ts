import { spawn } from 'node:child_process';

/** Sends assignments such as `READY=1`. */
type Notify = (assignments: readonly string[]) => void;

interface ServiceManagerOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  readonly notify: Notify;
  /** Milliseconds, never stepping: `CLOCK_MONOTONIC`, as systemd's own. */
  monotonic(): number;
}

/**
 * Tells the service manager how the process does, in the words of sd_notify(3). Where none asked for it (`NOTIFY_SOCKET` is not
 * set), nothing is sent.
 */
export class ServiceManager {
  readonly #options: ServiceManagerOptions;
  readonly #asked: boolean;
  #watchdog: NodeJS.Timeout | undefined;

  constructor(options: ServiceManagerOptions) {
    this.#options = options;
    this.#asked = Boolean(options.env.NOTIFY_SOCKET);
  }

  /**
   * The start, or a reload, is over. From now on the watchdog is told that the event loop turns.
   * @param but - what `systemctl status` is to say beside it; one line.
   */
  ready(but?: string): void {
    this.#send('READY=1', `STATUS=Reports are accepted${but === undefined ? '' : `; ${but.replaceAll(/\s+/g, ' ')}`}`);
    this.#feedWatchdog();
  }

  reloading(): void {
    const now = Math.floor(this.#options.monotonic() * 1000);
    this.#send('RELOADING=1', `MONOTONIC_USEC=${now}`, 'STATUS=Reloading the configuration');
  }

  stopping(): void {
    clearInterval(this.#watchdog);
    this.#send('STOPPING=1', 'STATUS=Stopping in order');
  }

  /** Twice in the time after which systemd takes the process for stuck. */
  #feedWatchdog(): void {
    const { WATCHDOG_USEC, WATCHDOG_PID } = this.#options.env;
    const every = Number(WATCHDOG_USEC) / 2000;
    if (!(every >= 1) || this.#watchdog !== undefined) return;
    if (WATCHDOG_PID && Number(WATCHDOG_PID) !== this.#options.pid) return;
    this.#watchdog = setInterval(() => this.#send('WATCHDOG=1'), every);
    this.#watchdog.unref();
  }

  #send(...assignments: readonly string[]): void {
    if (this.#asked) this.#options.notify(assignments);
  }
}

/** Messages that wait for their turn; a process that cannot be started any more leaves them. */
const MOST_WAITING = 16;

/**
 * By systemd's own `systemd-notify`, since Node has no Unix datagram sockets; the unit needs `NotifyAccess=all` for it. It is
 * given nothing of the environment but where to send to. One after the other: a READY must not overtake its RELOADING.
 * @param onFailure - told once that nothing could be sent.
 */
export function systemdNotify(socket: string | undefined, onFailure: (error: Error) => void): Notify {
  const waiting: (readonly string[])[] = [];
  let isSending = false;
  let failed = false;
  const fail = (error: Error) => {
    if (!failed) onFailure(error);
    failed = true;
  };
  const sendNext = () => {
    const assignments = waiting.shift();
    isSending = assignments !== undefined;
    if (!assignments) return;
    const env = { PATH: '/usr/local/bin:/usr/bin:/bin', NOTIFY_SOCKET: socket };
    const child = spawn('systemd-notify', assignments, { env, stdio: 'ignore' });
    child.on('error', (error) => {
      fail(error);
      sendNext();
    });
    child.on('exit', (code) => {
      if (code !== 0) fail(new Error(`systemd-notify ended with ${code}`));
      sendNext();
    });
    child.unref();
  };
  return (assignments) => {
    if (waiting.length < MOST_WAITING) waiting.push(assignments);
    if (!isSending) sendNext();
  };
}
