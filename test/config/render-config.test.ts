import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load-config.ts';
import { renderConfig } from '../../src/config/render-config.ts';
import { fakeFactories } from '../support/fake-factories.ts';

const TEXT = `
receivers:
  couic:
    instances:
      - {name: "a$\${b}", token: top-secret-1}
      - {name: b, tokens: [top-secret-2, "\${env:TOKEN}"]}
exporters:
  prometheus:
  prometheus/unused:
  crowdsec:
    endpoint: https://user:top-secret-3@lapi.example.org
    api_key: \${file:key}
    headers: {authorization: top-secret-4}
extensions:
  file_storage: {directory: "\${env:DIR}"}
service:
  extensions: [file_storage]
  pipelines:
    metrics: {receivers: [couic], exporters: [prometheus, crowdsec]}
  telemetry: {logs: {level: WARN}}
`;

const files: Record<string, string> = { 'a.yaml': TEXT, key: 'top-secret-5' };

function render(text: string): string {
  return renderConfig(
    loadConfig({
      configs: ['a.yaml'],
      sets: [],
      env: { TOKEN: 'top-secret-6', DIR: '/var/lib/bridge' },
      factories: fakeFactories,
      readFile: (path) => (path === 'a.yaml' ? text : (files[path] as string)),
    }),
  );
}

test('shows what applies: defaults as a user would write them, references resolved, secrets redacted', () => {
  const text = render(TEXT);
  expect(text).not.toContain('top-secret');
  expect(parse(text)).toEqual({
    receivers: {
      couic: {
        endpoint: '127.0.0.1:8000',
        instances: [
          { name: 'a$${b}', token: '[redacted]' },
          { name: 'b', tokens: ['[redacted]', '[redacted]'] },
        ],
        log_reports: true,
        report_limit: 10,
      },
    },
    exporters: {
      prometheus: { endpoint: '127.0.0.1:9464' },
      crowdsec: {
        dry_run: false,
        endpoint: 'https://[redacted]@lapi.example.org',
        api_key: '[redacted]',
        interval: '30m',
        items: 'all',
        headers: { authorization: '[redacted]' },
        retry_on_failure: {
          enabled: true,
          initial_interval: '5s',
          randomization_factor: 0.5,
          multiplier: 1.5,
          max_interval: '30s',
          max_elapsed_time: '0s',
        },
      },
    },
    extensions: { file_storage: { directory: '/var/lib/bridge' } },
    service: {
      extensions: ['file_storage'],
      pipelines: { metrics: { receivers: ['couic'], exporters: ['prometheus', 'crowdsec'] } },
      telemetry: { logs: { level: 'WARN', encoding: 'console' }, resource: {} },
      attribute_limits: { tags: 500, kinds: 20, series: 10_000, forget_after: '720h' },
      shutdown_timeout: '10s',
    },
  });
});

test('what it prints is itself a configuration that gives the same', () => {
  const once = render(TEXT.replace('https://user:top-secret-3@', 'https://'));
  expect(render(once)).toBe(once);
});
