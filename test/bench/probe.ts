import { monitorEventLoopDelay } from 'node:perf_hooks';

/**
 * Loaded into a server's process with `--import`: answers over the IPC channel what only the process itself knows.
 * Every `read` tells of the time since the `mark` before it.
 */
export interface ProbeReading {
  /** User and system time of the process, µs. */
  cpu: number;
  /** Bytes. */
  rss: number;
  /** Bytes; only while watched. */
  maxRss: number;
  /** The longest that the event loop did nothing else, ms; 1 ms of it is the measurement's own. Only while watched. */
  longestStall: number;
}

/** `watch`: collects garbage, then looks at memory and stalls from now on, which costs time of its own; then as `mark`. */
export type ProbeCommand = 'watch' | 'mark' | 'read';

const delay = monitorEventLoopDelay({ resolution: 1 });
let cpu = process.cpuUsage();
let maxRss = 0;

function mark(): void {
  delay.reset();
  maxRss = process.memoryUsage.rss();
  cpu = process.cpuUsage();
  process.send?.('ready');
}

function watch(): void {
  delay.enable();
  setInterval(() => {
    maxRss = Math.max(maxRss, process.memoryUsage.rss());
  }, 10).unref();
  globalThis.gc?.();
  // The stall of collecting garbage is recorded in the next turn; it is not what is measured.
  setTimeout(mark, 20);
}

process.on('message', (command: ProbeCommand) => {
  if (command === 'watch') watch();
  else if (command === 'mark') mark();
  else if (command === 'read') {
    const used = process.cpuUsage(cpu);
    const rss = process.memoryUsage.rss();
    const reading: ProbeReading = {
      cpu: used.user + used.system,
      rss,
      maxRss: Math.max(maxRss, rss),
      longestStall: delay.max / 1e6,
    };
    process.send?.(reading);
  }
});
// Bridge and benchmark end each on their own.
process.channel?.unref();
