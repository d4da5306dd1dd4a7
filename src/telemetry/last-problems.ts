import type { Finding } from './finding.ts';

const KEPT = 10;
const WARN = 40;

/** A line of the log. */
interface Line {
  readonly level: number;
  readonly time?: string;
  readonly component?: string;
  readonly msg?: string;
}

/** The last warnings and errors of the log, as it shows them: for an operator who comes later than they did. */
export class LastProblems {
  readonly #lines: Line[] = [];

  readonly see = (line: Line): void => {
    if (line.level < WARN || this.#lines.push(line) <= KEPT) return;
    this.#lines.shift();
  };

  /** They may long be over, so none of them fails. */
  examine(): Promise<readonly Finding[]> {
    return Promise.resolve(
      this.#lines.map(({ time = '', component, msg = '' }) => ({
        level: 'warning',
        message: `${time} ${component === undefined ? '' : `${component}: `}${msg}`,
      })),
    );
  }
}
