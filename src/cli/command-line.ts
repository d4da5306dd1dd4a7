/* The process of the command line: what the arguments ask for, signals, exit codes. */
import { existsSync } from 'node:fs';
import { factories } from '../components.ts';
import { KnownSecrets } from '../config/known-secrets.ts';
import { readText } from '../config/read-text.ts';
import { ERROR, isJournal, withPriority } from '../telemetry/journal.ts';
import { printableLines } from '../telemetry/printable.ts';
import type { Lifecycle } from './command.ts';
import { commands } from './commands.ts';
import { dispatch } from './dispatch.ts';
import { EXIT } from './exit-codes.ts';
import { Output } from './output.ts';
import { SHIPPED_CONFIG, VERSION } from './package-files.ts';

const lifecycle: Lifecycle = {
  onSignal(listener) {
    process.on('SIGTERM', () => listener('SIGTERM'));
    process.on('SIGINT', () => listener('SIGINT'));
  },
  onHangup(listener) {
    process.on('SIGHUP', listener);
  },
  onWarning(listener) {
    process.removeAllListeners('warning');
    process.on('warning', listener);
  },
  onUncaught(listener) {
    process.on('uncaughtException', listener);
    process.on('unhandledRejection', listener);
  },
  exit: (code) => process.exit(code),
};

// Node would open its inspector, and with it the whole process, to every user of this host.
process.on('SIGUSR1', () => {});
const output = new Output(process.stdout);
// Nobody may read it.
process.stderr.on('error', () => {});

const toJournal = isJournal(2, process.env.JOURNAL_STREAM);
const stderr = (text: string) => void process.stderr.write(toJournal ? withPriority(ERROR, text) : text);
const secrets = new KnownSecrets();
let code: number;
try {
  code = await dispatch(process.argv.slice(2), commands, {
    env: process.env,
    factories,
    version: VERSION,
    shippedConfig: SHIPPED_CONFIG,
    lifecycle,
    exists: existsSync,
    readFile: readText,
    seen: (value) => secrets.add(value),
    secrets,
    stdout: (text) => output.write(text),
    stderr,
  });
} catch (error) {
  // Not one of ours: nobody made sure what its message holds.
  stderr(`${printableLines(secrets.hide(String((error as Error).stack ?? error)))}\n`);
  code = EXIT.failure;
}
await output.end();
// What a library left open must not keep a stopped service alive.
process.exit(code);
