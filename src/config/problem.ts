/** Where something in the configuration was written. */
export interface Position {
  /** A file, `--set KEY`, `env:NAME` or `yaml:`; as the user gave it. Never holds a value. */
  readonly source: string;
  /** First line is 1. */
  readonly line?: number;
}

/** Keys and list indexes from the root. */
export type Path = readonly (string | number)[];

export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly at: Position;
  readonly path: Path;
  /** What is wrong and what to do; never a secret. */
  readonly message: string;
}

/** `receivers.couic.instances[0].token`. */
export function formatPath(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}

/** `FILE:LINE: path: what is wrong`. */
export function formatProblem({ at, path, message }: Problem): string {
  const where = at.line === undefined ? at.source : `${at.source}:${at.line}`;
  return path.length === 0 || where === `--set ${formatPath(path)}`
    ? `${where}: ${message}`
    : `${where}: ${formatPath(path)}: ${message}`;
}

/** The configuration cannot be used. Its message is a line for each problem, in the order of the files. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], options?: ErrorOptions) {
    super(problems.map(formatProblem).join('\n'), options);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}
