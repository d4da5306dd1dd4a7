import { expect, test } from 'vitest';
import { factories } from '../../../../src/components.ts';
import { loadConfig } from '../../../../src/config/load-config.ts';
import { renderConfig } from '../../../../src/config/render-config.ts';

const DISCORD = 'https://discord.com/api/webhooks/117/sEcReT-tOkEn';

function load(digest: string) {
  const yaml = `receivers: {couic: {}}
exporters:
  digest:
    ${digest.replaceAll('\n', '\n    ')}
extensions: {file_storage: {}}
service:
  extensions: [file_storage]
  pipelines: {logs: {receivers: [couic], exporters: [digest]}}
`;
  return loadConfig({ configs: ['c.yaml'], sets: [], env: { URL: DISCORD }, readFile: () => yaml, factories });
}

test('one webhook is enough, and the defaults are those of couic-report', () => {
  const { config, warnings } = load('notifiers: {discord: [{webhook_url: "${env:URL}"}]}');
  expect(warnings).toEqual([]);
  expect(config.exporters[0]!.config).toMatchObject({
    interval: 900_000,
    thresholds: { orange: 10, red: 100, threshold_min: 'green' },
    notifiers: { discord: [{ webhook_url: DISCORD, username: 'Couic', timeout: 5000 }], webhook: [] },
  });
});

test.each([
  [
    'notifiers: {}',
    'c.yaml:4: exporters.digest.notifiers: name at least one: discord: [{webhook_url: …}] or webhook: [{endpoint: …}]',
  ],
  [
    'thresholds: {orange: 5, red: 5}\nnotifiers: {discord: [{webhook_url: "${env:URL}"}]}',
    'c.yaml:4: exporters.digest.thresholds.red: must be greater than orange',
  ],
  [
    'top_networks: 3\naddresses: drop\nnotifiers: {discord: [{webhook_url: "${env:URL}"}]}',
    'c.yaml:4: exporters.digest.top_networks: names networks, and addresses: drop names none: set one of them otherwise',
  ],
  [
    'notifiers: {discord: [{webhook_url: "${env:URL}", username: MyDiscordBot}]}',
    'c.yaml:4: exporters.digest.notifiers.discord[0].username: Discord takes no name with "discord" or "clyde" in it',
  ],
  [
    'interval: 20h\nqueue: {max_age: 15h}\nnotifiers: {discord: [{webhook_url: "${env:URL}"}]}',
    'c.yaml:5: exporters.digest.queue.max_age: must be at least as long as interval, or what it counts is let go of',
  ],
  [
    'notifiers: {webhook: [{endpoint: "${env:URL}", name: a}, {endpoint: "https://b.example", name: a}]}',
    'c.yaml:4: exporters.digest.notifiers: two are called webhook/a: give each a name of its own',
  ],
  [
    'notifiers: {webhook: [{endpoint: "${env:URL}", secret: "hunter2hunter2"}]}',
    'c.yaml:4: exporters.digest.notifiers.webhook[0].secret: expected whsec_ and 24 to 64 bytes in Base64, as by: echo "whsec_$(openssl rand -base64 32)"',
  ],
])('%s', (digest, message) => {
  expect(() => load(digest)).toThrow(expect.objectContaining({ message }));
});

test('what is secret is not printed', () => {
  const secret = `whsec_${Buffer.alloc(32, 'k').toString('base64')}`;
  const printed = renderConfig(
    load(
      `notifiers:\n  discord: [{webhook_url: "${DISCORD}"}]\n  webhook: [{endpoint: "${DISCORD}", secret: "${secret}", headers: {x-key: s3cr3tHeader}}]`,
    ),
  );
  for (const part of ['117', 'sEcReT', secret, 's3cr3tHeader']) expect(printed).not.toContain(part);
});

test('a webhook without TLS is warned of, but on this host', () => {
  const { warnings } = load(
    'notifiers: {webhook: [{endpoint: "http://127.0.0.1/hook"}, {endpoint: "http://hooks.example/"}]}',
  );
  expect(warnings.map(({ path, message }) => [path.join('.'), message])).toEqual([
    [
      'exporters.digest.notifiers.webhook.1.endpoint',
      'is not https: whoever listens in between can read it, and send in its place',
    ],
  ]);
});
