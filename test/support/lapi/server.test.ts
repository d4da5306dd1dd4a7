import { afterEach, describe, expect, it } from 'vitest';
import { LapiServer } from './server.ts';

const KEY = { 'X-Api-Key': 'test-key', 'Content-Type': 'application/json' };

let lapi: LapiServer;
afterEach(() => lapi.stop());

const item = (fields: object = {}) => ({ name: 'processed', value: 1, unit: 'packet', ...fields });
const window = (second: number, items: object[]) => ({
  meta: { window_size_seconds: 60, utc_now_timestamp: second },
  items,
});
const component = (fields: object = {}) => ({
  name: 'bridge',
  type: 'couic-otel-bridge',
  version: '1.0.0',
  feature_flags: [],
  utc_startup_timestamp: 1_704_067_200,
  os: { name: 'linux', version: '6.1' },
  metrics: [window(1_704_069_000, [item()])],
  ...fields,
});
const body = (...components: object[]) => JSON.stringify({ remediation_components: components });

async function push(payload: string, headers: Record<string, string> = KEY) {
  const response = await fetch(`${lapi.url}/v1/usage-metrics`, { method: 'POST', headers, body: payload });
  const text = await response.text();
  return { status: response.status, text, message: text === '' ? '' : (JSON.parse(text).message as string) };
}

describe('what LAPI answers', () => {
  it('takes a good window with 201 and an empty body', async () => {
    lapi = await new LapiServer().start();
    expect(await push(body(component()))).toMatchObject({ status: 201, text: '' });
    expect(lapi.counts()).toEqual({ '': { processed: { packet: 1 } } });
  });

  it.each([
    [
      'metrics as an object',
      component({ metrics: { meta: {}, items: [] } }),
      400,
      'json: cannot unmarshal object into Go struct field AllMetrics.remediation_components.metrics of type []*models.DetailedMetrics',
    ],
    [
      'an item without a unit',
      component({ metrics: [window(1, [{ name: 'active_decisions', value: 1 }])] }),
      422,
      'validation failure list:\nremediation_components.0.metrics.0.items.0.unit in body is required',
    ],
    [
      'a label of 256 characters',
      component({ metrics: [window(1, [item({ labels: { origin: 'x'.repeat(256) } })])] }),
      422,
      'validation failure list:\nremediation_components.0.metrics.0.items.0.labels.origin in body should be at most 255 chars long',
    ],
    [
      'a version of 256 characters',
      component({ version: 'x'.repeat(256) }),
      422,
      'validation failure list:\nremediation_components.0.version in body should be at most 255 chars long',
    ],
    [
      'an item and a meta that lack everything',
      component({ metrics: [{ meta: {}, items: [{}] }] }),
      422,
      [
        'validation failure list:',
        ...['name', 'unit', 'value'].map(
          (at) => `remediation_components.0.metrics.0.items.0.${at} in body is required`,
        ),
        'validation failure list:',
        'remediation_components.0.metrics.0.meta.utc_now_timestamp in body is required',
        'remediation_components.0.metrics.0.meta.window_size_seconds in body is required',
      ].join('\n'),
    ],
    [
      'a second that no int64 holds',
      component({ metrics: [window(1e20, [item()])] }),
      400,
      'json: cannot unmarshal number 100000000000000000000 into Go struct field AllMetrics.remediation_components.metrics.meta.utc_now_timestamp of type int64',
    ],
    [
      'feature_flags as an object',
      component({ feature_flags: {} }),
      400,
      'json: cannot unmarshal object into Go struct field AllMetrics.remediation_components.feature_flags of type []string',
    ],
  ])('refuses %s', async (_, payload, status, message) => {
    lapi = await new LapiServer().start();
    expect(await push(body(payload))).toMatchObject({ status, message });
    expect(lapi.pushes).toHaveLength(0);
  });

  it.each([
    ['', 400, 'EOF'],
    ['[', 400, 'unexpected EOF'],
    ['hello', 400, "invalid character 'h' looking for beginning of value"],
    ['null', 400, 'Missing remediation component data'],
    ['[]', 400, 'json: cannot unmarshal array into Go value of type models.AllMetrics'],
    ['{"remediation_components":[null]}', 500, ''],
    [`${body(component())}x`, 201, ''],
  ])('answers %j with %i', async (payload, status, message) => {
    lapi = await new LapiServer().start();
    expect(await push(payload)).toMatchObject({ status, message });
  });

  it('knows no other path and no other method, says so without a word, and looks at no key for it', async () => {
    lapi = await new LapiServer().start();
    const ask = async (method: string, path: string, headers = {}) => {
      const answer = await fetch(lapi.url + path, { method, headers });
      return [answer.status, answer.headers.get('content-type'), await answer.text()];
    };
    expect(await ask('POST', '/crowdsec/v1/usage-metrics', KEY)).toEqual([404, null, '']);
    expect(await ask('GET', '/')).toEqual([404, null, '']);
    expect(await ask('GET', '/v1/usage-metrics')).toEqual([405, null, '']);
    expect(await ask('GET', '/health')).toEqual([200, 'application/json; charset=utf-8', '{"status":"up"}']);
  });

  it('takes whoever calls itself crowdsec and has no key for a log processor', async () => {
    lapi = await new LapiServer().start();
    const { status, message } = await push(body(component()), { 'User-Agent': 'crowdsec/1.7.9' });
    expect([status, message]).toEqual([401, 'cookie token is empty']);
  });

  it('refuses two components, a wrong key, and everything when it is older than 1.6.3', async () => {
    lapi = await new LapiServer().start();
    expect(await push(body(component(), component()))).toMatchObject({
      status: 400,
      message: 'Payload has more than one remediation component',
    });
    expect(await push(body(component()), { 'X-Api-Key': 'other' })).toMatchObject({
      status: 403,
      message: 'access forbidden',
    });
    await lapi.stop();
    lapi = await new LapiServer({ usageMetrics: false }).start();
    expect((await push(body(component()))).status).toBe(404);
  });

  it.each([
    ['no os', component({ os: undefined })],
    ['an empty os.version', component({ os: { name: 'linux', version: '' } })],
    ['no items', component({ metrics: [window(1, [])] })],
    ['a negative value', component({ metrics: [window(1, [item({ value: -5 })])] })],
    ['a fractional value', component({ metrics: [window(1, [item({ value: 1.5 })])] })],
    ['a huge value', component({ metrics: [window(1, [item({ value: 1e300 })])] })],
    ['several windows', component({ metrics: [window(1, [item()]), window(2, [item()])] })],
  ])('takes %s', async (_, payload) => {
    lapi = await new LapiServer().start();
    expect((await push(body(payload))).status).toBe(201);
  });

  it('answers the probe for a key and leaves the last pull alone; a pull sets it', async () => {
    lapi = await new LapiServer({ now: () => 1_000_000 }).start();
    const head = (key: string) =>
      fetch(`${lapi.url}/v1/decisions`, { method: 'HEAD', headers: { 'X-Api-Key': key } }).then((r) => r.status);
    expect([await head('test-key'), await head('other')]).toEqual([200, 403]);
    expect(lapi.bouncers.lastPull('bridge')).toBeUndefined();
    await fetch(`${lapi.url}/v1/decisions?ip=192.0.2.1`, { headers: KEY });
    expect(lapi.bouncers.lastPull('bridge')).toBe(1_000_000);
  });

  it('prunes a bouncer that never pulled once it is older than an hour', async () => {
    let now = 0;
    lapi = await new LapiServer({ now: () => now }).start();
    expect(lapi.bouncers.prune()).toEqual([]);
    now = 3_600_001;
    expect(lapi.bouncers.prune()).toEqual(['bridge']);
    expect((await push(body(component()))).status).toBe(403);
  });

  it('makes a bouncer name@ip of a key that comes from a second address', async () => {
    lapi = await new LapiServer({ host: '::' }).start();
    const port = new URL(lapi.url).port;
    for (const host of ['127.0.0.1', '[::1]']) {
      await fetch(`http://${host}:${port}/v1/usage-metrics`, { method: 'POST', headers: KEY, body: body(component()) });
    }
    expect(lapi.bouncers.names).toEqual(['bridge', 'bridge@::1']);
  });
});

describe('how cscli counts', () => {
  const dropped = (value: number, remediation: string) =>
    item({ name: 'dropped', value, labels: { origin: 'CAPI', remediation } });

  it('counts a window that came twice once', async () => {
    lapi = await new LapiServer().start();
    const payload = body(component());
    await push(payload);
    await push(payload);
    expect(lapi.pushes).toHaveLength(2);
    expect(lapi.counts()).toEqual({ '': { processed: { packet: 1 } } });
  });

  it('collapses items that differ in remediation only, unless they are a second apart', async () => {
    lapi = await new LapiServer().start();
    await push(body(component({ metrics: [window(1, [dropped(5, 'ban'), dropped(5, 'captcha')])] })));
    expect(lapi.counts().CAPI).toEqual({ dropped: { packet: 5 } });
    await push(body(component({ metrics: [window(2, [dropped(5, 'ban')]), window(3, [dropped(5, 'captcha')])] })));
    expect(lapi.counts().CAPI).toEqual({ dropped: { packet: 15 } });
  });

  it('keeps the last value of gauges by origin and ip_type, by the windows seconds and not by arrival', async () => {
    lapi = await new LapiServer().start();
    const active = (second: number, value: number, ip_type: string, name = 'active_decisions') =>
      push(
        body(
          component({
            metrics: [window(second, [item({ name, value, unit: 'ip', labels: { origin: 'o', ip_type } })])],
          }),
        ),
      );
    await active(20, 7, 'ipv4');
    await active(10, 3, 'ipv4');
    await active(10, 2, 'ipv6');
    await active(10, 4, 'ipv6', 'my_gauge');
    await active(11, 1, 'ipv6', 'my_gauge');
    expect(lapi.counts()).toEqual({ o: { active_decisions: { ip: 9 }, my_gauge: { ip: 1 } } });
  });

  it('cuts values to integers and forgets windows past their age', async () => {
    let now = 0;
    lapi = await new LapiServer({ now: () => now }).start();
    await push(body(component({ metrics: [window(1, [item({ value: 1.9 })]), window(2, [item({ value: 1.9 })])] })));
    expect(lapi.counts()).toEqual({ '': { processed: { packet: 2 } } });
    now = 7 * 86_400_000 + 1;
    expect(lapi.counts()).toEqual({});
  });
});

describe('scripted faults', () => {
  it('plays each for one push, in order', async () => {
    lapi = await new LapiServer().start();
    lapi.faults.push(
      { kind: 'status', status: 503, body: '{"message":"busy"}' },
      { kind: 'html', status: 502 },
      { kind: 'lost' },
      { kind: 'reset' },
      { kind: 'slow', ms: 5 },
    );
    expect((await push(body(component()))).message).toBe('busy');
    const page = await fetch(`${lapi.url}/v1/usage-metrics`, { method: 'POST', headers: KEY, body: body(component()) });
    expect([page.status, await page.text()]).toEqual([502, expect.stringContaining('<html>')]);
    await expect(push(body(component()))).rejects.toThrow();
    expect(lapi.pushes).toHaveLength(1);
    await expect(push(body(component()))).rejects.toThrow();
    expect(lapi.pushes).toHaveLength(1);
    expect((await push(body(component()))).status).toBe(201);
    expect(lapi.faults).toHaveLength(0);
  });
});
