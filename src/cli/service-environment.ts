/** As the unit and the Debian package have it: root's, 0600. */
export const ENVIRONMENT_FILE = '/etc/couic-otel-bridge/environment';

type Variables = Readonly<Record<string, string | undefined>>;

interface Sources {
  readonly env: Variables;
  exists(path: string): boolean;
  /** @throws when it cannot be read. */
  readFile(path: string): string;
}

/**
 * The variables that the service has, for a command that looks at its configuration: those that systemd reads from a file for
 * it, and over them those of this process.
 * @returns `hidden` when there is such a file and this process may not read it.
 */
export function serviceEnvironment({ env, exists, readFile }: Sources): { env: Variables; hidden: boolean } {
  if (!exists(ENVIRONMENT_FILE)) return { env, hidden: false };
  try {
    return { env: { ...parseEnvironmentFile(readFile(ENVIRONMENT_FILE)), ...env }, hidden: false };
  } catch {
    return { env, hidden: true };
  }
}

/** Assignments as systemd.exec(5) has them under `EnvironmentFile=`, but for values over several lines. */
export function parseEnvironmentFile(text: string): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const [, name, value = ''] = /^\s*([A-Za-z_]\w*)=(.*)$/s.exec(line) ?? [];
    if (name !== undefined) variables[name] = unquoted(value.trim());
  }
  return variables;
}

function unquoted(value: string): string {
  if (/^'[^']*'$/.test(value)) return value.slice(1, -1);
  if (/^"(?:[^"\\]|\\.)*"$/.test(value)) return value.slice(1, -1).replaceAll(/\\(["\\`$])/g, '$1');
  return value.replaceAll(/\\(.)/g, '$1');
}
