import { EVENT_OPERATIONS, type EventQueue } from '../events/operations.ts';
import type { RefusedEvent } from '../events/refused-events.ts';
import { type Admin, type AdminComponent, AdminError } from '../service/admin/admin.ts';
import { type Command, type CommandContext, UsageError } from './command.ts';
import { CONFIG_USAGE } from './config-options.ts';
import { EXIT } from './exit-codes.ts';
import { openKept, STATE_HELP, STATE_USAGE } from './open-admin.ts';

/** Looks after events on their way to a SIEM. */
export const eventsCommand: Command = {
  name: 'events',
  summary: 'Show how far each exporter of events has come, and which events were refused',
  usage: `[status | refused] ${STATE_USAGE} ${CONFIG_USAGE}`,
  help: `
  status            Each exporter of events: where they go, what waits, what the last attempt failed with. What to do without a word.
  refused           The newest hundred events that the other side of each refused for good, as lines of JSON.
${STATE_HELP}
Works while the bridge runs, as its user or as root; and while it does not, on its state.
`,
  async run(args, context) {
    const rest = [...args];
    const action = rest[0] === undefined || rest[0].startsWith('-') ? 'status' : rest.shift()!;
    if (action !== 'status' && action !== 'refused')
      throw new UsageError(`events ${action}: expected status or refused`);
    const { admin } = await openKept(rest, context);
    try {
      const exporters = (await admin.components()).filter(({ operations }) =>
        operations.includes(EVENT_OPERATIONS.queue),
      );
      if (exporters.length === 0)
        throw new AdminError('no exporter is in a logs pipeline: service::pipelines::logs says which get events');
      await (action === 'status' ? showStatus : showRefused)(exporters, admin, context);
      return EXIT.ok;
    } finally {
      await admin.close();
    }
  },
};

async function showStatus(exporters: readonly AdminComponent[], admin: Admin, context: CommandContext): Promise<void> {
  for (const { id } of exporters) {
    const queue = (await admin.call(id, EVENT_OPERATIONS.queue, null)) as EventQueue;
    const { target, entries, oldestAge, refused, trouble } = queue;
    context.stdout(
      `${id}: to ${target}; entries of the log to be looked at: ${entries}; refused events that are kept: ${refused}\n`,
    );
    if (oldestAge > 0) context.stdout(`  the oldest event that is being sent is ${oldestAge.toFixed(1)} s old\n`);
    if (trouble !== null) context.stdout(`  ${trouble}\n`);
  }
}

async function showRefused(exporters: readonly AdminComponent[], admin: Admin, context: CommandContext): Promise<void> {
  let shown = 0;
  for (const { id } of exporters) {
    for (const event of (await admin.call(id, EVENT_OPERATIONS.refused, null)) as readonly RefusedEvent[]) {
      context.stdout(`${JSON.stringify({ exporter: id, ...event, time: new Date(event.time).toISOString() })}\n`);
      shown++;
    }
  }
  if (shown === 0) context.stderr('No event was refused.\n');
}
