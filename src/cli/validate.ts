import { pino } from 'pino';
import { systemClock } from '../clock.ts';
import { formatProblem } from '../config/problem.ts';
import { Service } from '../service/service.ts';
import type { Command } from './command.ts';
import { CONFIG_USAGE } from './config-options.ts';
import { EXIT } from './exit-codes.ts';
import { loadServiceConfig } from './load-service-config.ts';

/** Checks the configuration as a start would, and opens nothing. */
export const validateCommand: Command = {
  name: 'validate',
  summary: 'Check the configuration and tell every problem; opens no file, port or connection',
  usage: CONFIG_USAGE,
  async run(args, context) {
    const { chosen, config, warnings } = loadServiceConfig(args, context);
    // Components check at their creation what no schema can, and open nothing there.
    const { version } = context;
    await Service.create({ config, logger: pino({ enabled: false }), clock: systemClock, version, metrics: [] });
    for (const warning of warnings) context.stderr(`warning: ${formatProblem(warning)}\n`);
    context.stdout(`The configuration is valid: ${chosen}\n`);
    return EXIT.ok;
  },
};
