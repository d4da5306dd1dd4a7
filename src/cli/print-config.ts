import { formatProblem } from '../config/problem.ts';
import { renderConfig } from '../config/render-config.ts';
import type { Command } from './command.ts';
import { CONFIG_USAGE } from './config-options.ts';
import { EXIT } from './exit-codes.ts';
import { loadServiceConfig } from './load-service-config.ts';

export const printConfigCommand: Command = {
  name: 'print-config',
  summary: 'Print the configuration that applies: merged, with all defaults, secrets redacted',
  usage: CONFIG_USAGE,
  async run(args, context) {
    const loaded = loadServiceConfig(args, context);
    for (const warning of loaded.warnings) context.stderr(`warning: ${formatProblem(warning)}\n`);
    context.stdout(renderConfig(loaded));
    return EXIT.ok;
  },
};
