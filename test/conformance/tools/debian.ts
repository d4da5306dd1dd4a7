import { run, which } from './command.ts';

const TIMEOUT = 8 * 60_000;

/** Whether this process may install Debian packages here: it was asked to, is root, and apt-get is there. */
export function mayInstall(): boolean {
  return process.env.CONFORMANCE_INSTALL === '1' && process.getuid?.() === 0 && which('apt-get') !== undefined;
}

/** @returns undefined, or why it did not work, in one line. */
export async function aptInstall(packages: readonly string[]): Promise<string | undefined> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await run('apt-get', ['update', '-qq'], { env, timeout: TIMEOUT });
    const args = ['install', '-y', '-qq', '--no-install-recommends', ...packages];
    const { code, stderr } = await run('apt-get', args, { env, timeout: TIMEOUT });
    return code === 0 ? undefined : `apt-get install ${packages.join(' ')}: ${stderr.trim().split('\n').at(-1)}`;
  } catch (error) {
    return (error as Error).message;
  }
}
