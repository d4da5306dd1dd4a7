import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { describeWith } from './tools/describe-with.ts';
import { freePort } from './tools/free-port.ts';
import { Pipeline } from './tools/pipeline.ts';
import { RunningProcess } from './tools/running-process.ts';

/** Of each of the three. */
const KILLS = 10;
const PATIENCE = { timeout: 60_000, interval: 200 };

describeWith(['haproxy', 'otelcol-scraper'], 'deploy/collector/haproxy', ({ haproxy, ...tools }) => {
  let directory: string;
  let web: string;
  let proxy: RunningProcess;
  let pipeline: Pipeline;
  let startProxy: () => Promise<RunningProcess>;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'haproxy-'));
    await writeFile(join(directory, 'blocked'), '');
    web = `127.0.0.1:${await freePort()}`;
    const metrics = `127.0.0.1:${await freePort()}`;
    pipeline = await Pipeline.start('haproxy', tools['otelcol-scraper'], { HAPROXY_METRICS: metrics });
    const env = {
      ...process.env,
      HAPROXY_SOCKET: join(directory, 'socket'),
      HAPROXY_WEB: web,
      HAPROXY_METRICS: metrics,
      HAPROXY_BLOCKED: join(directory, 'blocked'),
    };
    startProxy = async () => {
      const running = await RunningProcess.start({
        file: haproxy,
        args: ['-db', '-f', pipeline.file('haproxy.cfg')],
        env,
        ready: [],
      });
      // HAProxy gives no start times: that it began anew is seen by a value that fell, if it is scraped before it has risen again.
      let asked = 0;
      await vi.waitFor(async () => {
        const text = await (await fetch(`http://${metrics}/metrics`)).text();
        const [, scraped] = /^haproxy_frontend_http_requests_total\{proxy="metrics"\} (\d+)$/m.exec(text)!;
        expect(Number(scraped)).toBeGreaterThan(++asked + 1);
      }, PATIENCE);
      return running;
    };
    proxy = await startProxy();
  });
  afterAll(async () => {
    await pipeline?.stop();
    await proxy?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const model = { dropped: 0, processed: 0 };

  async function ask(path: string, times: number): Promise<void> {
    for (let n = 0; n < times; n++) {
      const { status } = await fetch(`http://${web}${path}`);
      model.processed++;
      if (status === 403) model.dropped++;
    }
  }

  test(`LAPI counts what HAProxy denied and saw, over ${KILLS} kills of HAProxy, of the Collector and of the bridge`, async () => {
    for (let round = 1; round <= KILLS; round++) {
      await ask('/', 3);
      await ask('/wp-admin/', round);
      await pipeline.killCollector();
      await ask('/wp-admin/', 2);
      await pipeline.killBridge();
      await ask('/', 1);
      // What a program counted before its end and nobody saw is gone: so only then.
      await vi.waitFor(
        () =>
          expect(pipeline.lapi.counts()).toEqual({
            '': { processed: { request: model.processed } },
            'haproxy:web': { dropped: { request: model.dropped } },
          }),
        PATIENCE,
      );
      await proxy.stop('SIGKILL');
      proxy = await startProxy();
    }
    expect(model).toEqual({ dropped: 75, processed: 115 });
  }, 600_000);
});

describeWith(
  ['nft', 'jq', 'prometheus-node-exporter', 'otelcol-scraper'],
  'deploy/collector/nftables',
  ({ nft, ...tools }) => {
    let directory: string;
    let pipeline: Pipeline;
    let nodeExporter: RunningProcess;
    /** Whose network is not the host's. */
    let network: RunningProcess;

    const inside = (...command: string[]) =>
      execFileSync('nsenter', ['--target', String(network.pid), '--net', ...command], { encoding: 'utf8' });

    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'nftables-'));
      await mkdir(join(directory, 'textfiles'));
      const metrics = `127.0.0.1:${await freePort()}`;
      network = await RunningProcess.start({ file: 'unshare', args: ['--net', 'sleep', '600'], ready: [] });
      await vi.waitFor(() => inside('ip', 'link', 'set', 'lo', 'up'), PATIENCE);
      pipeline = await Pipeline.start('nftables', tools['otelcol-scraper'], { NODE_EXPORTER: metrics });
      nodeExporter = await RunningProcess.start({
        file: tools['prometheus-node-exporter'],
        args: [
          `--web.listen-address=${metrics}`,
          '--collector.disable-defaults',
          '--collector.textfile',
          `--collector.textfile.directory=${join(directory, 'textfiles')}`,
        ],
        ready: [/Listening on/],
      });
    });
    afterAll(async () => {
      await pipeline?.stop();
      await nodeExporter?.stop();
      await network?.stop('SIGKILL');
      await rm(directory, { recursive: true, force: true });
    });

    /** Datagrams of one byte, with 28 of headers. */
    const send = (from: string, packets: number) =>
      inside(
        process.execPath,
        '-e',
        `const s = require('node:dgram').createSocket('udp4');
         s.bind(0, '${from}', async () => {
           for (let n = 0; n < ${packets}; n++) await new Promise((done) => s.send('x', 9, '127.0.0.1', done));
           s.close();
         });`,
      );

    const write = () => inside(pipeline.file('nft-counters.sh'), join(directory, 'textfiles', 'nft-counters.prom'));

    test('LAPI counts the packets that a set dropped, and all that came, over a ruleset that is loaded anew', async () => {
      let [dropped, seen] = [0, 0];
      // Fewer each time: a ruleset that is loaded anew begins at zero, and that is seen by a value that fell.
      for (const packets of [9, 6, 2]) {
        inside(nft, '-f', pipeline.file('ruleset.nft'));
        send('127.0.0.9', packets);
        write();
        dropped += packets;
        seen += packets;
        await vi.waitFor(() => {
          const { '': all, 'nftables:drop_blocklist': set } = pipeline.lapi.counts();
          expect(set).toEqual({ dropped: { packet: dropped, byte: 29 * dropped } });
          expect(all).toEqual({ processed: { packet: seen, byte: 29 * seen } });
        }, PATIENCE);
        inside(nft, 'flush', 'ruleset');
      }
    }, 300_000);
  },
);
