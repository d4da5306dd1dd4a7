import { loadConfig } from '../config/load-config.ts';
import { formatProblem } from '../config/problem.ts';
import { renderConfig } from '../config/render-config.ts';
import type { Command } from './command.ts';
import { CONFIG_USAGE, readConfigArguments } from './config-options.ts';
import { EXIT } from './exit-codes.ts';

export const printConfigCommand: Command = {
  name: 'print-config',
  summary: 'Print the configuration that applies: merged, with all defaults, secrets redacted',
  usage: CONFIG_USAGE,
  async run(args, context) {
    const { configs, sets } = readConfigArguments(args, context);
    const loaded = loadConfig({ ...context, configs, sets });
    for (const warning of loaded.warnings) context.stderr(`warning: ${formatProblem(warning)}\n`);
    context.stdout(renderConfig(loaded));
    return EXIT.ok;
  },
};
