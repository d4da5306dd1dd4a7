import { randomUUID } from 'node:crypto';
import { type Command, UsageError } from '../../../src/cli/command.ts';
import { EXIT } from '../../../src/cli/exit-codes.ts';
import { INSTANCE_NAME } from './config.ts';

/** Makes a token, and prints it where it has to stand on both sides. */
export const tokenCommand: Command = {
  name: 'token',
  summary: 'Make a token, and print the lines for the bridge and for Couic',
  usage: '[INSTANCE]',
  help: `
  INSTANCE          Name of the Couic, as metrics show it. Default: couic
`,
  async run(args, context) {
    const [name = 'couic', ...rest] = args;
    if (rest.length > 0 || !INSTANCE_NAME.test(name))
      throw new UsageError('token takes one name: 1 to 64 letters, digits or . _ : -');
    const token = randomUUID();
    context.stdout(`${token}

The bridge, in otel-config.yaml:

receivers:
  couic:
    instances:
      - name: ${name}
        token: ${token}

Couic, in /etc/couic/couic.toml (the address is the one where the bridge listens):

[reporting]
enabled = true
webhook = "http://127.0.0.1:8000/v1/reports/${token}"

Or, to keep it out of the file: token: \${env:COUIC_REPORT_TOKEN}, and the token in that variable of the service.
`);
    return EXIT.ok;
  },
};
