import { stringify } from 'yaml';
import type { AnyFactory } from '../service/component.ts';
import type { Command } from './command.ts';
import { parseOptions } from './config-options.ts';
import { EXIT } from './exit-codes.ts';

/** Lists what can stand in a configuration, as YAML like the Collector's. */
export const componentsCommand: Command = {
  name: 'components',
  summary: 'List the types of components that this version has',
  usage: '',
  async run(args, context) {
    parseOptions(args, {});
    const list = (kind: AnyFactory['kind']) =>
      context.factories
        .filter((factory) => factory.kind === kind)
        .map(({ type, summary, aliases, stability }) => ({
          name: type,
          summary,
          ...(aliases && { aliases }),
          stability,
        }));
    context.stdout(
      stringify({
        version: context.version,
        receivers: list('receiver'),
        exporters: list('exporter'),
        extensions: list('extension'),
      }),
    );
    return EXIT.ok;
  },
};
