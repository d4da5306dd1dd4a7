import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { ProbeCommand } from './probe.ts';

/** @returns what the probe in a process answers: a ProbeReading to `read`. */
export async function askProbe(child: ChildProcess, command: ProbeCommand): Promise<unknown> {
  child.send(command);
  const [answer] = await once(child, 'message');
  return answer;
}
