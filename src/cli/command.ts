import type { ReferenceSources } from '../config/expand.ts';
import type { KnownSecrets } from '../config/known-secrets.ts';
import type { AnyFactory } from '../service/component.ts';
import type { StopSignal } from './exit-codes.ts';

/** The process, as far as a command may touch it. */
export interface Lifecycle {
  onSignal(listener: (signal: StopSignal) => void): void;
  /** Told of SIGHUP, which has the configuration read again. */
  onHangup(listener: () => void): void;
  /** Told what Node has to say, in place of the standard error. */
  onWarning(listener: (warning: Error) => void): void;
  /** Told of exceptions and rejections that nobody caught. Without a listener they end the process. */
  onUncaught(listener: (error: unknown) => void): void;
  /** Ends the process at once. */
  exit(code: number): void;
}

/** What every command is given; tests give their own. */
export interface CommandContext extends ReferenceSources {
  readonly factories: readonly AnyFactory[];
  /** From package.json. */
  readonly version: string;
  /** Path of the otel-config.yaml in the package. */
  readonly shippedConfig: string;
  readonly lifecycle: Lifecycle;
  /** What no output may hold; told of every value that a reference gives. */
  readonly secrets: KnownSecrets;
  exists(path: string): boolean;
  /** @returns whether anybody still reads it, once there is room for more: who writes much waits for that. */
  stdout(text: string): boolean | Promise<boolean>;
  stderr(text: string): void;
}

export interface Command {
  /** As typed after `couic-otel-bridge`; empty for the one that runs without a name. */
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Arguments after the name: `[--config FILE]… [--set KEY=VALUE]…`. */
  readonly usage: string;
  /** Lines about its options, when it has others than the common ones. */
  readonly help?: string;
  /** @returns the exit code. @throws UsageError, ConfigError, AdminError: told in one place, with exit code 2, the last with 1. */
  run(args: readonly string[], context: CommandContext): Promise<number>;
}

/** The command line is wrong. Says what to write instead. */
export class UsageError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UsageError';
  }
}

/** An option that a command does not have. Which it has stands in its usage, so what was meant is said by who knows the command. */
export class UnknownOptionError extends UsageError {
  readonly option: string;

  constructor(option: string) {
    super(`unknown option ${option}`);
    this.name = 'UnknownOptionError';
    this.option = option;
  }
}
