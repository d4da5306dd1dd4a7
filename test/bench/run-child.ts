import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs a script in a process of its own, where garbage can be collected. @returns what it prints as JSON. */
export async function runChild<Result>(script: URL, ...args: readonly (string | number)[]): Promise<Result> {
  const { stdout } = await run(process.execPath, ['--expose-gc', fileURLToPath(script), ...args.map(String)]);
  return JSON.parse(stdout) as Result;
}
