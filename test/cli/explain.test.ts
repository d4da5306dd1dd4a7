import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bodyOf, type TestReport } from '../support/ledger.ts';
import { ServedBridge } from '../support/served-bridge.ts';

let bridge: ServedBridge;
beforeEach(async () => {
  bridge = await ServedBridge.start();
});
afterEach(() => bridge.remove());

const cli = (...args: string[]) => bridge.cli(...args);
const post = async (...reports: TestReport[]) =>
  expect((await fetch(bridge.url, { method: 'POST', body: bodyOf(reports) })).status).toBe(200);

const SINCE = '2024-01-01T00:00:00Z';

describe('explain', () => {
  it('says who is blocked, by what, and what happened, while the bridge runs and after', async () => {
    await post(
      { cidr: '192.0.2.0/24', tag: 'scanner', kind: 'ssh\nscan' },
      { cidr: '2001:db8::/32', tag: null, policy: 'ignore' },
    );
    const shown = await cli('explain', '192.0.2.7', '--config', 'c.yaml');
    expect(shown).toMatchObject({ code: 0, err: '' });
    const lines = shown.out.split('\n');
    expect(lines[0]).toMatch(/^192\.0\.2\.7\/32 at 20\d\d-/);
    expect(lines.slice(1, 6)).toEqual([
      '',
      'couic: blocked by a drop rule for 192.0.2.0/24',
      '  policy  network       tag      since                 until',
      `  drop    192.0.2.0/24  scanner  ${SINCE}  never`,
      "  Never compared with Couic's own list: rules of its peers and set files, of which no report tells, are not known here (receiver couic_api)",
    ]);
    expect(shown.out).toMatch(
      /The log was read back to 20\S+Z\.\n {2}time .*\n {2}20\S+Z {2}couic {5}added {2}drop {4}192\.0\.2\.0\/24 {2}scanner {2}ssh\\nscan {2}never\n$/,
    );
    expect((await cli('explain', '2001:db8::1', '--state', `${bridge.directory}/data`)).out).toContain(
      'couic: let through by an ignore rule for 2001:db8::/32, which Couic asks first\n',
    );
    expect((await cli('explain', '198.51.100.0/24', '--config', 'c.yaml')).out).toContain(
      'couic: no rule in force, packets pass\n',
    );
    await bridge.service.shutdown();
    const after = await cli('explain', '--json', '192.0.2.7', '--config', 'c.yaml');
    expect(JSON.parse(after.out)).toMatchObject({
      network: '192.0.2.7/32',
      instances: [
        { instance: 'couic', verdict: 'drop', rules: [{ network: '192.0.2.0/24', since: SINCE, until: null }] },
      ],
    });
  });

  it('says what is wrong with its arguments', async () => {
    for (const [args, message] of [
      [['explain'], 'explain needs an address or a network: explain 192.0.2.1'],
      [['explain', '1.2.3'], '"1.2.3" is no address and no network'],
      [['explain', '1.2.3.4/33'], '"1.2.3.4/33" is no address and no network'],
      [['explain', '1.2.3.4', '5.6.7.8'], 'unexpected argument'],
      [['explain', '--jsn', '1.2.3.4'], 'unknown option --jsn'],
    ] as const)
      expect(await cli(...args)).toMatchObject({ code: 2, out: '', err: expect.stringContaining(message) });
    const nowhere = await cli(
      'explain',
      '1.2.3.4',
      '--config',
      'c.yaml',
      '--set',
      'extensions.file_storage.directory=/nowhere/at/all',
    );
    expect(nowhere).toMatchObject({
      code: 1,
      err: expect.stringContaining('/nowhere/at/all holds no state: no bridge has run on it yet'),
    });
  });
});

describe('rules', () => {
  it('lists what is in force as a table, as JSON and as CSV', async () => {
    expect((await cli('rules', '--config', 'c.yaml')).out).toBe('No rule is in force.\n');
    expect((await cli('rules', '--config', 'c.yaml', '--format', 'json')).out).toBe('[]\n');
    await post(
      { cidr: '192.0.2.1/32', tag: null, expiration: 4_000_000_000 },
      { cidr: '2001:db8::/32', tag: 'scanner', policy: 'ignore' },
    );
    expect((await cli('rules', '--config', 'c.yaml')).out.split('\n')).toEqual([
      'instance  policy  network        tag      since                 until',
      `couic     drop    192.0.2.1/32   -        ${SINCE}  2096-10-02T07:06:40Z`,
      `couic     ignore  2001:db8::/32  scanner  ${SINCE}  -`,
      '',
    ]);
    const rule = {
      instance: 'couic',
      policy: 'ignore',
      network: '2001:db8::/32',
      tag: 'scanner',
      since: SINCE,
      until: null,
    };
    expect(JSON.parse((await cli('rules', '--config', 'c.yaml', '--format=json')).out)).toEqual([
      expect.anything(),
      rule,
    ]);
    expect((await cli('rules', '--state', `${bridge.directory}/data`, '--format', 'csv', '--policy', 'drop')).out).toBe(
      `instance,policy,network,tag,since,until\ncouic,drop,192.0.2.1/32,,${SINCE},2096-10-02T07:06:40Z\n`,
    );
    await bridge.service.shutdown();
    expect((await cli('rules', '--config', 'c.yaml', '--tag', 'untagged', '--format', 'csv')).out).toContain(
      '192.0.2.1/32',
    );
  });

  it('refuses names that nothing has', async () => {
    await post({ cidr: '192.0.2.1/32' });
    expect(await cli('rules', '--config', 'c.yaml', '--instance', 'cuic')).toMatchObject({
      code: 1,
      err: 'couic-otel-bridge: no instance is called "cuic": there are couic\n',
    });
    expect(await cli('rules', '--policy', 'block')).toMatchObject({
      code: 2,
      err: expect.stringContaining('expected drop or ignore'),
    });
    expect(await cli('rules', '--format', 'xml')).toMatchObject({
      code: 2,
      err: expect.stringContaining('expected table, json, csv'),
    });
    expect(await cli('rules', '--tag')).toMatchObject({ code: 2, err: expect.stringContaining('--tag needs a value') });
  });
});

describe('erase', () => {
  it('says what it did and what it does not reach, while the bridge runs and after', async () => {
    await post({ cidr: '192.0.2.1/32' }, { cidr: '192.0.2.0/24', tag: null }, { cidr: '198.51.100.1/32' });
    const shown = await cli('erase', '198.51.100.1', '--state', `${bridge.directory}/data`);
    expect(shown).toMatchObject({ code: 0, err: '' });
    expect(shown.out).toMatch(
      /^Erased 198\.51\.100\.1\/32: a snapshot was taken, the log before it deleted, and 0 entries/,
    );
    expect(shown.out).toContain(
      'In force all the same, since Couic holds them:\n  couic: drop 198.51.100.1/32, tag scanner, until never\n',
    );
    expect(shown.out).toContain('the journal');
    expect(shown.out).toContain('what an exporter file has written');
    expect((await cli('explain', '198.51.100.1', '--config', 'c.yaml')).out).toContain(
      'nothing in it is of this network',
    );
    await bridge.service.shutdown();
    const after = await cli('erase', '192.0.2.1', '--config', 'c.yaml');
    expect(after.out).toContain(
      'Networks around it, of which nothing was erased:\n  couic: drop 192.0.2.0/24, tag none, until never\n',
    );
    expect((await cli('erase', '--tag', 'nobody', '--config', 'c.yaml')).out).toMatch(/^Erased tag nobody: /);
  });

  it('wants to know what', async () => {
    for (const args of [[], ['192.0.2.1', '--tag', 'a']])
      expect(await cli('erase', ...args)).toMatchObject({
        code: 2,
        err: expect.stringContaining('erase needs an address, a network, or --tag NAME'),
      });
    expect(await cli('erase', '192.0.2')).toMatchObject({
      code: 2,
      err: expect.stringContaining('is no address and no network'),
    });
  });
});
