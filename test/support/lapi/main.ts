import { readNumber, readOptions } from '../read-options.ts';
import { LapiServer } from './server.ts';

const USAGE = `Stands in for a CrowdSec LAPI: takes usage metrics and prints, after each window, the table that
"cscli metrics show bouncers" would show.

  npm run lapi-sim -- [--port 8080] [--key lapi-sim] [--name bridge] [--bodies]

  --bodies  also print each window as it came
`;

const { values } = readOptions(
  {
    options: {
      port: { type: 'string', default: '8080' },
      key: { type: 'string', default: 'lapi-sim' },
      name: { type: 'string', default: 'bridge' },
      bodies: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  },
  USAGE,
);

if (values.help) {
  process.stdout.write(USAGE);
} else {
  const lapi = new LapiServer({
    port: readNumber('port', values.port, [0, 65_535], USAGE),
    keys: { [values.key]: values.name },
    onPush({ bouncer, windows }) {
      console.log(`\n${new Date().toISOString()} took ${windows.length} window(s) of ${bouncer}`);
      if (values.bodies) console.log(JSON.stringify(windows));
      console.log(lapi.table(bouncer));
    },
  });
  await lapi.start();
  console.log(`LAPI simulator on ${lapi.url}; for the bridge's crowdsec exporter:`);
  console.log(`    endpoint: ${lapi.url}\n    api_key: ${values.key}\n    dry_run: false`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void lapi.stop());
}
