import { EventEmitter } from 'node:events';
import type { Command, CommandContext, Lifecycle } from '../../src/cli/command.ts';
import { dispatch } from '../../src/cli/dispatch.ts';
import type { StopSignal } from '../../src/cli/exit-codes.ts';
import { KnownSecrets } from '../../src/config/known-secrets.ts';
import type { AnyFactory } from '../../src/service/component.ts';

/** A process that a test sends signals to. */
export class FakeLifecycle implements Lifecycle {
  readonly #emitter = new EventEmitter();
  /** Codes of ends at once. */
  readonly exits: number[] = [];

  onSignal(listener: (signal: StopSignal) => void): void {
    this.#emitter.on('signal', listener);
  }

  onHangup(listener: () => void): void {
    this.#emitter.on('hangup', listener);
  }

  onWarning(listener: (warning: Error) => void): void {
    this.#emitter.on('warning', listener);
  }

  onUncaught(listener: (error: unknown) => void): void {
    this.#emitter.on('uncaught', listener);
  }

  exit(code: number): void {
    this.exits.push(code);
  }

  signal(signal: StopSignal): void {
    this.#emitter.emit('signal', signal);
  }

  uncaught(error: unknown): void {
    this.#emitter.emit('uncaught', error);
  }
}

export interface CliResult {
  code: number;
  out: string;
  err: string;
}

/** Runs one command line against files in memory. */
export async function runCli(
  args: readonly string[],
  commands: readonly Command[],
  { files, factories }: { files: Record<string, string>; factories: readonly AnyFactory[] },
): Promise<CliResult> {
  let out = '';
  let err = '';
  const context: CommandContext = {
    env: {},
    factories,
    version: '1.2.3',
    shippedConfig: '/package/otel-config.yaml',
    lifecycle: new FakeLifecycle(),
    secrets: new KnownSecrets(),
    exists: (path) => path in files,
    readFile: (path) => {
      if (files[path] !== undefined) return files[path];
      throw Object.assign(new Error('open failed'), { code: 'ENOENT' });
    },
    stdout: (text) => {
      out += text;
      return true;
    },
    stderr: (text) => {
      err += text;
    },
  };
  return { code: await dispatch(args, commands, context), out, err };
}
