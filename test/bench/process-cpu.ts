import { readdirSync, readFileSync } from 'node:fs';

/** CPU time of a process that has no probe, µs: of all its threads, which live as long as it does. */
export function cpuOfProcess(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  const nanoseconds = readdirSync(tasks).map((task) =>
    Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]),
  );
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1000;
}
