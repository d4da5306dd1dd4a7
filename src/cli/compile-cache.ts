import { lstatSync, realpathSync } from 'node:fs';
import module from 'node:module';
import { dirname, isAbsolute, join } from 'node:path';
import { makeDirectory } from '../log/embedded/make-directory.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** From Node 22.1 on. */
type EnableCompileCache = (directory: string) => unknown;

/**
 * Lets V8 keep what it compiles for the next start, where Node can and where there is a directory that is ours alone: what
 * lies there is run. Without one, on a read-only system, a start takes the longer for it and nothing else.
 */
export function useCompileCache(
  env: Environment = process.env,
  enable = (module as { enableCompileCache?: EnableCompileCache }).enableCompileCache,
): void {
  const directory = cacheDirectory(env);
  if (enable === undefined || directory === undefined) return;
  const own = makePrivate(directory, process.getuid?.());
  if (own !== undefined) enable(own);
}

/** systemd's, or where programs keep such things: https://specifications.freedesktop.org/basedir-spec/latest/ */
function cacheDirectory({ CACHE_DIRECTORY, XDG_CACHE_HOME, HOME }: Environment): string | undefined {
  const given = CACHE_DIRECTORY?.split(':')[0];
  if (given && isAbsolute(given)) return given;
  const base = XDG_CACHE_HOME && isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : HOME && join(HOME, '.cache');
  return base && isAbsolute(base) ? join(base, 'couic-otel-bridge') : undefined;
}

/**
 * @param user - who runs this; undefined where there are no such numbers.
 * @returns the directory, made if need be, unless somebody else could put something in its place.
 */
export function makePrivate(directory: string, user: number | undefined): string | undefined {
  if (user === undefined) return undefined;
  try {
    makeDirectory(directory);
    const own = realpathSync(directory);
    for (let each = own; ; each = dirname(each)) {
      const { uid, mode } = lstatSync(each);
      const isOurs = uid === user || (uid === 0 && each !== own);
      // In a sticky directory, /tmp, others may add but not replace.
      const isSafe = (mode & 0o022) === 0 || ((mode & 0o1000) !== 0 && each !== own);
      if (!isOurs || !isSafe) return undefined;
      if (each === dirname(each)) return own;
    }
  } catch {
    return undefined;
  }
}
