import { componentCommands } from '../components.ts';
import type { Command } from './command.ts';
import { componentsCommand } from './components.ts';
import { doctorCommand } from './doctor.ts';
import { eraseCommand } from './erase.ts';
import { eventsCommand } from './events.ts';
import { explainCommand } from './explain.ts';
import { limitsCommand } from './limits.ts';
import { migrateCommand } from './migrate.ts';
import { printConfigCommand } from './print-config.ts';
import { quarantineCommand } from './quarantine.ts';
import { reloadCommand } from './reload.ts';
import { rulesCommand } from './rules.ts';
import { runCommand } from './run.ts';
import { validateCommand } from './validate.ts';

/** Every command, in the order of the help; the first runs without a name. */
export const commands: readonly Command[] = [
  runCommand,
  validateCommand,
  componentsCommand,
  printConfigCommand,
  reloadCommand,
  doctorCommand,
  ...componentCommands,
  quarantineCommand,
  limitsCommand,
  explainCommand,
  rulesCommand,
  eraseCommand,
  eventsCommand,
  migrateCommand,
];
