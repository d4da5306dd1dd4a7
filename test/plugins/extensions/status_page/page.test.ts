import { expect, test } from 'vitest';
import { Activity } from '../../../../plugins/extensions/status_page/activity.ts';
import { takeOverview } from '../../../../plugins/extensions/status_page/overview.ts';
import { renderPage, type SecretParts } from '../../../../plugins/extensions/status_page/view/page.ts';
import type { InstanceSummary } from '../../../../src/service/admin/summary.ts';
import type { BridgeView, ShownComponent } from '../../../../src/service/bridge-view.ts';
import { Health } from '../../../../src/telemetry/health.ts';
import { emptyBridge } from '../../../support/exporter-context.ts';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const HOSTILE = `<img src=x onerror="alert('1')">\u202E`;
const SHOWN = '&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;\\u202e';

const receiver: ShownComponent = {
  kind: 'receiver',
  id: 'couic',
  instances: ['edge'],
  status: { where: 'http://127.0.0.1:8000/v1/reports' },
};
const exporter: ShownComponent = {
  kind: 'exporter',
  id: 'otlp_http',
  instances: [],
  status: {
    where: 'http://127.0.0.1:4318',
    queue: { size: 0, unit: 'requests', oldest: 0 },
    lastSuccess: NOW - 12_000,
  },
};
const edge: InstanceSummary = {
  instance: 'edge',
  lastReport: NOW - 90_000,
  rules: { drop: { ipv4: 1234, ipv6: 1 }, ignore: { ipv4: 2, ipv6: 0 } },
  limits: { drop: 262_144, ignore: 65_536 },
  tags: [{ tag: 'scanner', rules: 1200 }],
  up: null,
  drift: null,
  comparedAt: null,
  dropped: null,
  quarantined: 0,
};

interface Given {
  readonly components?: readonly ShownComponent[];
  readonly summary?: readonly InstanceSummary[];
  readonly health?: Health;
  readonly secret?: SecretParts;
  readonly problem?: string;
}

async function page({ components = [receiver, exporter], summary = [], health = new Health(), ...rest }: Given = {}) {
  const bridge: BridgeView = { ...emptyBridge, components: () => components, call: async () => summary };
  const activity = new Activity({ monotonic: () => 0 });
  activity.committed({ instance: 'edge', accepted: 3, quarantined: 0, drops: () => new Map([['scanner', 3]]) });
  const overview = await takeOverview({ bridge, health, activity, now: NOW });
  const text = renderPage({ version: '1.2.3', overview, secret: undefined, ...rest });
  const titles = /<title>([^<]*)<.*<h2 id="state-title">(.*?)<\/h2>/s.exec(text)!;
  return { text, title: titles[1]!, state: titles[2]!.replace(/<[^>]*>/g, '') };
}

test('before the first report it waits, and says what to do', async () => {
  const step = {
    title: 'Have Couic "edge" report here',
    text: 'Put this into its configuration.',
    paste: { where: '/etc/couic/couic.toml', lines: '[reporting]\nenabled = true' },
  };
  const waiting = { ...receiver, status: { where: 'x', steps: [step] } };
  const { text, title, state } = await page({ components: [waiting] });
  expect([title, state]).toEqual([
    'Waits for Couic – couic-otel-bridge',
    '… waiting The bridge runs, and waits for the first report of Couic',
  ]);
  expect(text).toContain('<h3>Have Couic &quot;edge&quot; report here</h3>');
  expect(text).toContain('<pre tabindex="0">[reporting]\nenabled = true</pre>');
});

test('once it reports it works, with what is held and what came', async () => {
  const { text, state } = await page({ summary: [edge] });
  expect(state).toBe('✓ works 1 Couic reporting, 1 exporter without trouble');
  expect(text).toContain('<span>1,234 of 262,144 rules</span>');
  expect(text).toContain('<time datetime="2026-01-02T03:02:35.000Z" title="2026-01-02T03:02:35.000Z">1 min ago</time>');
  expect(text).toContain('aria-label="Drop rules added in the last minute: 3 in this one, 3 at most"');
  expect(text).toContain('<th scope="row">scanner</th>');
});

test('what is wrong stands first, each with what to do', async () => {
  const health = new Health();
  health.setUnavailable('storage', 'the disk is full');
  const failing = {
    ...exporter,
    status: { ...exporter.status!, trouble: 'http://127.0.0.1:4318 answered 401: look at headers' },
  };
  const { text, state } = await page({
    components: [receiver, failing],
    summary: [{ ...edge, up: false }],
    health,
  });
  expect(state).toBe('! needs a look 3 things to look at');
  for (const problem of [
    'Reports are not accepted: the disk is full (storage).',
    'Couic edge: its API does not answer.',
    'otlp_http: http://127.0.0.1:4318 answered 401: look at headers',
  ])
    expect(text).toContain(`<li>${problem}</li>`);
});

test('what others say stays text, wherever it stands', async () => {
  const table = { columns: [HOSTILE], rows: [{ cells: [HOSTILE] }], empty: '' };
  const hostile: ShownComponent = {
    kind: 'exporter',
    id: 'crowdsec',
    instances: [],
    status: {
      where: HOSTILE,
      note: HOSTILE,
      trouble: HOSTILE,
      steps: [{ title: HOSTILE, text: HOSTILE, paste: { where: HOSTILE, lines: HOSTILE } }],
      panels: [{ title: HOSTILE, text: HOSTILE, ...table, rows: [{ cells: [HOSTILE], more: table }] }],
    },
  };
  const rule = {
    instance: 'edge',
    policy: 'drop',
    network: '192.0.2.1/32',
    tag: HOSTILE,
    since: NOW,
    until: null,
  } as const;
  const past = { time: NOW, what: 'added', kind: HOSTILE, ...rule } as const;
  const { text } = await page({
    components: [receiver, hostile],
    summary: [{ ...edge, tags: [{ tag: HOSTILE, rules: 1 }] }],
    secret: {
      explanation: {
        network: '192.0.2.1/32',
        at: NOW,
        instances: [
          {
            instance: 'edge',
            verdict: 'drop',
            rules: [rule],
            inside: { drop: 0, ignore: 0, shown: [] },
            compared: null,
          },
        ],
        scanned: 0,
        history: { events: [past], truncated: false, from: NOW, partial: false, problem: HOSTILE },
      },
      configuration: { from: HOSTILE, readAt: NOW, yaml: HOSTILE },
    },
  });
  expect(text).not.toContain('<img src=x');
  expect(text).not.toContain('\u202E');
  expect(text.split(SHOWN).length - 1).toBeGreaterThan(15);
  expect((await page({ problem: HOSTILE })).text).toContain(SHOWN);
  const refused = { asked: HOSTILE, message: HOSTILE };
  expect((await page({ secret: { explanation: refused, configuration: undefined } })).text).not.toContain('<img src=x');
});

test('nothing that a Content-Security-Policy would forbid is in it', async () => {
  const { text } = await page({ summary: [edge], secret: { explanation: undefined, configuration: undefined } });
  expect(text).not.toMatch(/ style=| on[a-z]+=|<style|<script(?! src="\/page\.js")|https?:\/\/(?!127\.0\.0\.1)/);
});

test('without a login there is no field for addresses, and no configuration', async () => {
  const { text } = await page({ summary: [edge] });
  expect(text).toContain('id="secret"');
  for (const id of ['explain-form', 'event-rows', 'configuration-text']) expect(text).not.toContain(`id="${id}"`);
});

test('a Couic that is no longer configured is shown as long as it is known, and is no trouble', async () => {
  const { text, state } = await page({ summary: [edge, { ...edge, instance: 'old', drift: 7 }] });
  expect(text).toContain('is no longer in the configuration');
  expect(state).toBe('✓ works 1 Couic reporting, 1 exporter without trouble');
});

test('rules that are apart are told', async () => {
  const { text } = await page({ summary: [{ ...edge, up: true, drift: 7, comparedAt: NOW }] });
  expect(text).toContain('<li>Couic edge: the rules held here are 7 away from its own.</li>');
});
