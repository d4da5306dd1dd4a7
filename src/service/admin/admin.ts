import type { Finding } from '../../telemetry/finding.ts';

/** What a component can be asked. */
export interface AdminComponent {
  /** `crowdsec/edge`. */
  readonly id: string;
  /** `exporter crowdsec/edge`. */
  readonly name: string;
  readonly operations: readonly string[];
}

export interface ComponentFindings {
  /** `exporter crowdsec/edge`. */
  readonly component: string;
  readonly findings: readonly Finding[];
}

/** A bridge as an operator sees it: the one that runs, or its state on disk while none does. */
export interface Admin {
  readonly running: boolean;
  components(): Promise<readonly AdminComponent[]>;
  /** @throws AdminError when there is no such component or operation, or when it says no. */
  call(component: string, operation: string, argument: unknown): Promise<unknown>;
  /** Asks every component that can tell. */
  examine(): Promise<readonly ComponentFindings[]>;
  close(): Promise<void>;
}

/** What an operator asked for cannot be done; the message says why. */
export class AdminError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AdminError';
  }
}
