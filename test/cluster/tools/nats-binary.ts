import { isExecutable, which } from '../../conformance/tools/command.ts';
import { ensureBuilt, natsServerTool } from '../../conformance/tools/go-build.ts';

export interface NatsBinary {
  readonly path: string;
  /** Why there is none, and what to do: one line. */
  readonly missing?: string;
}

const VARIABLE = 'CLUSTER_NATS_SERVER';

/** What CLUSTER_NATS_SERVER names, else what the cache holds, else what Go builds. PATH is not asked: Debian's is of another age. */
export async function findNatsServer(log: (line: string) => void): Promise<NatsBinary> {
  const given = process.env[VARIABLE];
  if (given) {
    if (isExecutable(given)) return { path: given };
    return { path: '', missing: `${VARIABLE}=${given} is not an executable: correct or unset it.` };
  }
  const tool = natsServerTool();
  if (isExecutable(tool.path)) return { path: tool.path };
  const go = which('go');
  if (!go)
    return {
      path: '',
      missing: `No nats-server in the cache (${tool.path}), and no go to build it: install Go, or set ${VARIABLE} to its path.`,
    };
  try {
    return { path: await ensureBuilt(tool, go, log) };
  } catch (error) {
    return { path: '', missing: `nats-server could not be built: ${(error as Error).message}.` };
  }
}
