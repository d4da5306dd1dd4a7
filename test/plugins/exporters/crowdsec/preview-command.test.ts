import { afterAll, beforeAll, expect, test } from 'vitest';
import { renderPreview } from '../../../../plugins/exporters/crowdsec/preview-command.ts';
import { bodyOf } from '../../../support/ledger.ts';
import { ServedBridge } from '../../../support/served-bridge.ts';

let bridge: ServedBridge;
beforeAll(async () => {
  bridge = await ServedBridge.start({
    exporters: () =>
      ', crowdsec: {dry_run: true}, crowdsec/other: {dry_run: true, metrics: [{match: "couic.*", item: none}]}',
    service: 'pipelines: {metrics: {receivers: [couic], exporters: [prometheus, crowdsec, crowdsec/other]}}',
  });
  await fetch(bridge.url, { method: 'POST', body: bodyOf([{ tag: 'ssh' }, { tag: 'web', cidr: '192.0.2.1/32' }]) });
});
afterAll(() => bridge.remove());

const preview = (...args: string[]) => bridge.cli('preview', ...args, '--config', 'c.yaml');

test.each(['runs', 'is stopped'])('draws the table of cscli while the bridge %s', async (state) => {
  if (state === 'is stopped') await bridge.service.shutdown();
  const { code, out } = await preview();
  expect(code).toBe(0);
  expect(out).toMatch(/\| couic:ssh +\| +1 \| +1 \| +- \|\n\| couic:web +\| +1 \| +1 \| +- \|/);
  expect(out).toMatch(/\| +Total \| +2 \| +2 \| +2 \|/);
  expect(out).toContain('crowdsec/other: nothing was counted that LAPI would be told of\n');
});

test('says which exporters there are', async () => {
  expect((await preview('--exporter=crowdsec/other')).out).toBe((await preview('--exporter', 'crowdsec/other')).out);
  expect((await preview('--exporter', 'crowdsec/other')).out).toBe(
    'crowdsec/other: nothing was counted that LAPI would be told of\n',
  );
  expect(await preview('--exporter', 'crowdsec/none')).toMatchObject({
    code: 2,
    err: expect.stringContaining('"crowdsec/none" is no crowdsec exporter; there are: crowdsec, crowdsec/other'),
  });
  expect(await bridge.cli('preview', '--config', 'c.yaml', '--exporter')).toMatchObject({
    code: 2,
    err: expect.stringContaining('--exporter needs a value'),
  });
});

test('says that nothing goes to CrowdSec, where nothing does', async () => {
  const other = await ServedBridge.start();
  for (const command of ['preview', 'windows'])
    expect(await other.cli(command, '--config', 'c.yaml')).toMatchObject({
      code: 1,
      err: expect.stringContaining('add a crowdsec exporter'),
    });
  await other.remove();
});

test('says what is not in the table, and nothing when all is', () => {
  const preview = { counts: { CAPI: { dropped: { request: 3 } } }, since: 0, more: false, leftOut: [], unused: [] };
  const table = renderPreview('crowdsec', preview);
  expect(table).toMatch(/^\+-[\s\S]*-\+\n$/);
  const all = {
    ...preview,
    more: true,
    leftOut: [{ metric: 'a', problem: 'no text' }],
    unused: [
      { metric: 'b', series: 2 },
      { metric: 'c', series: 1 },
    ],
  };
  expect(renderPreview('crowdsec', all).slice(table.length).split('\n')).toEqual([
    'There is more than one window holds: this is the first.',
    'left out: a: no text',
    'Counts as nothing, since no rule fits:',
    '  b: 2 series',
    '  c: 1 series',
    '',
  ]);
});
