import { type Command, type CommandContext, UsageError } from '../../../src/cli/command.ts';
import { CONFIG_USAGE } from '../../../src/cli/config-options.ts';
import { EXIT } from '../../../src/cli/exit-codes.ts';
import { openChosen, openKept, STATE_HELP, STATE_USAGE } from '../../../src/cli/open-admin.ts';
import { isoTime } from '../../../src/cli/shown-time.ts';
import { formatDuration } from '../../../src/config/duration.ts';
import { type Admin, type AdminComponent, AdminError } from '../../../src/service/admin/admin.ts';
import { counted } from '../../../src/telemetry/counted.ts';
import { DIGEST_OPERATIONS, type DigestStatus, type TestResult } from './operations.ts';

/** Looks after digests, and sends a test message. */
export const digestCommand: Command = {
  name: 'digest',
  summary: 'Send a test message to every notifier of the digest, or show what it counts and what waits',
  usage: `[status | test] ${STATE_USAGE} ${CONFIG_USAGE}`,
  help: `
  status            What was counted since the last digest, and what waits for each notifier. What to do without a word.
  test              Tell every notifier that digests will come there. Exit code 1 when one did not take it.
${STATE_HELP}
Works while the bridge runs, as its user or as root; and while it does not, with its configuration.
`,
  async run(args, context) {
    const rest = [...args];
    const action = rest[0] === undefined || rest[0].startsWith('-') ? 'status' : rest.shift()!;
    if (action !== 'status' && action !== 'test') throw new UsageError(`digest ${action}: expected status or test`);
    // A test message needs the configuration alone.
    const { admin } = await (action === 'test' ? openChosen : openKept)(rest, context);
    try {
      const exporters = (await admin.components()).filter(({ operations }) =>
        operations.includes(DIGEST_OPERATIONS.test),
      );
      if (exporters.length === 0) throw new AdminError('no exporter of this configuration makes digests: add digest');
      if (action === 'test') return await test(exporters, admin, context);
      await status(exporters, admin, context);
      return EXIT.ok;
    } finally {
      await admin.close();
    }
  },
};

async function status(exporters: readonly AdminComponent[], admin: Admin, context: CommandContext): Promise<void> {
  for (const { id } of exporters) {
    const { since, interval, total, notifiers } = (await admin.call(
      id,
      DIGEST_OPERATIONS.status,
      null,
    )) as DigestStatus;
    const every = `every ${formatDuration(interval)}`;
    const added = total === null ? 'no bridge runs' : `${counted(total, 'rules')} added since ${isoTime(since ?? 0)}`;
    context.stdout(`${id}, ${every}: ${since === null ? 'has not run yet' : added}\n`);
    for (const notifier of notifiers) {
      context.stdout(`  ${notifier.id}: to ${notifier.target}; digests that wait: ${notifier.waiting}\n`);
      if (notifier.trouble !== null) context.stdout(`    ${notifier.trouble}\n`);
    }
  }
}

async function test(exporters: readonly AdminComponent[], admin: Admin, context: CommandContext): Promise<number> {
  let isTaken = true;
  for (const { id } of exporters) {
    const results = (await admin.call(id, DIGEST_OPERATIONS.test, null)) as readonly TestResult[];
    for (const { id: notifier, target, problem } of results) {
      context.stdout(`${id}, ${notifier}: ${problem ?? `${target} took the message`}\n`);
      isTaken &&= problem === null;
    }
  }
  return isTaken ? EXIT.ok : EXIT.failure;
}
