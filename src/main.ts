#!/usr/bin/env node
import { existsSync, readFileSync } from 'node:fs';
import type { Lifecycle } from './cli/command.ts';
import { commands } from './cli/commands.ts';
import { dispatch } from './cli/dispatch.ts';
import { EXIT } from './cli/exit-codes.ts';
import { factories } from './components.ts';
import { SHIPPED_CONFIG, VERSION } from './package-files.ts';

const lifecycle: Lifecycle = {
  onSignal(listener) {
    process.on('SIGTERM', () => listener('SIGTERM'));
    process.on('SIGINT', () => listener('SIGINT'));
  },
  onUncaught(listener) {
    process.on('uncaughtException', listener);
    process.on('unhandledRejection', listener);
  },
  exit: (code) => process.exit(code),
};

// Whoever reads the output may have seen enough of it: couic-otel-bridge components | head -1
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

let code: number;
try {
  code = await dispatch(process.argv.slice(2), commands, {
    env: process.env,
    factories,
    version: VERSION,
    shippedConfig: SHIPPED_CONFIG,
    lifecycle,
    exists: existsSync,
    readFile: (path) => readFileSync(path, 'utf8'),
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
  });
} catch (error) {
  process.stderr.write(`${(error as Error).stack}\n`);
  code = EXIT.failure;
}
// What a library left open must not keep a stopped service alive.
process.exit(code);
