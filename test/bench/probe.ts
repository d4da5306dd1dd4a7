import { monitorEventLoopDelay } from 'node:perf_hooks';

/**
 * Loaded into the bridge's process with `--import`: answers over the IPC channel what only the process itself knows.
 * `reset` begins a measurement, `read` ends it.
 */
export interface ProbeReading {
  /** User and system time of the process since `reset`, µs. */
  cpu: number;
  /** Bytes. */
  rss: number;
  maxRss: number;
  /** The longest that the event loop did nothing else since `reset`, ms; 1 ms of it is the measurement's own. */
  longestStall: number;
}

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
let cpu = process.cpuUsage();
let maxRss = 0;
setInterval(() => {
  maxRss = Math.max(maxRss, process.memoryUsage.rss());
}, 10).unref();

process.on('message', (message) => {
  if (message === 'reset') {
    globalThis.gc?.();
    // The stall of collecting garbage is recorded in the next turn; it is not what is measured.
    setTimeout(() => {
      delay.reset();
      maxRss = process.memoryUsage.rss();
      cpu = process.cpuUsage();
      process.send?.('reset');
    }, 20);
  } else if (message === 'read') {
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
