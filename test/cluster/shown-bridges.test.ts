import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { inaccessible, launchChromium, watchedPage } from '../conformance/tools/browser.ts';
import { which } from '../conformance/tools/command.ts';
import { type ClusterBridge, startBridges } from './tools/cluster-bridge.ts';
import { describeWithNats } from './tools/describe-with-nats.ts';
import { NatsNode } from './tools/nats-node.ts';

const TOKEN = '550e8400-e29b-41d4-a716-446655440000';
const HELD = 'has the lease';
const SOON = { timeout: 60_000, interval: 500 };

describeWithNats('who works on a log', (binary) => {
  let node: NatsNode;
  const bridges: ClusterBridge[] = [];
  beforeAll(async () => {
    node = await NatsNode.make({ binary });
    await node.start();
    const options = {
      natsPorts: [node.port],
      stream: 'shown',
      instances: [{ name: 'edge', token: TOKEN }],
      storage: { replicas: 1 },
    };
    await startBridges(3, options, bridges);
  });
  afterAll(async () => {
    await Promise.all(bridges.map((bridge) => bridge.remove()));
    await node.remove();
  });

  /** By process, as the page of a bridge tells it. */
  async function shown(of: ClusterBridge): Promise<Record<number, string>> {
    const text = await (await fetch(of.page)).text();
    const rows = text.matchAll(/<td class="">[^<]*\(process (\d+)\)<\/td><td class="">([^<]*)<\/td>/g);
    return Object.fromEntries(Array.from(rows, ([, pid, does]) => [Number(pid), does!]));
  }

  const statesOf = async (of: ClusterBridge) => Object.values(await shown(of)).sort();

  async function holder(): Promise<ClusterBridge> {
    const found = Object.entries(await shown(bridges[0]!)).find(([, does]) => does === HELD)!;
    return bridges.find(({ pid }) => pid === Number(found[0]))!;
  }

  test('each page, doctor and the command tell of all three, and who has the lease', async () => {
    for (const bridge of bridges)
      await vi.waitFor(async () => expect(await statesOf(bridge)).toEqual([HELD, 'stands by', 'stands by']), SOON);
    const { pid } = await holder();
    for (const bridge of bridges) expect((await shown(bridge))[pid]).toBe(HELD);
    const page = await bridges[1]!.command('page');
    expect(page).toContain('bridges on this log:\n');
    expect(page).toMatch(new RegExp(`\\(process ${pid}\\) +has the lease +heard of \\d+ s ago +version \\S+`));
    const doctor = await bridges[1]!.command('doctor');
    const line =
      ' +ok +[^,]+, version [^:]+: (has the lease|stands by), heard of \\d+s ago, \\d+ entries behind, clock agrees\n';
    expect(doctor).toMatch(new RegExp(`(${line}){3}`));
    const text = await (await fetch(bridges[0]!.page)).text();
    for (const secret of [TOKEN, String(node.port)]) expect(text).not.toContain(secret);
  });

  test('one that was killed is gone on every page, and another one has the lease; one that comes back is there again', async () => {
    const killed = await holder();
    const others = bridges.filter((bridge) => bridge !== killed);
    const { pid } = killed;
    await killed.stop('SIGKILL');
    for (const bridge of others) {
      await vi.waitFor(async () => {
        const { [pid]: does, ...rest } = await shown(bridge);
        expect([does, ...Object.values(rest).sort()]).toEqual(['gone', HELD, 'stands by']);
      }, SOON);
      const text = await (await fetch(bridge.page)).text();
      expect(text).toMatch(new RegExp(`<li>jetstream_storage: [^<]*\\(process ${pid}\\) is gone</li>`));
    }
    expect(await others[0]!.command('doctor')).toMatch(new RegExp(`WARNING .*\\(process ${pid}\\).*: gone, heard of`));
    await killed.start();
    for (const bridge of bridges)
      await vi.waitFor(async () => expect(await statesOf(bridge)).toEqual([HELD, 'stands by', 'stands by']), SOON);
  });

  test('one whose clock is two minutes off takes neither the lease nor reports, and every page says so', async () => {
    const held = await holder();
    const [wrong, third] = bridges.filter((bridge) => bridge !== held) as [ClusterBridge, ClusterBridge];
    await wrong.stop();
    await wrong.start(120_000);
    for (const bridge of bridges)
      await vi.waitFor(async () => {
        expect((await shown(bridge))[wrong.pid]).toBe('clock is wrong');
        const text = await (await fetch(bridge.page)).text();
        expect(text).toMatch(new RegExp(`the clock of [^<]*\\(process ${wrong.pid}\\) is (1m59s|2m|2m1s) ahead`));
      }, SOON);
    const entry = { creation: 1, cidr: '192.0.2.1/32', tag: 'ssh', expiration: 0 };
    const body = JSON.stringify([{ action: 'add', policy: 'drop', entry, metadata: null }]);
    const answer = await fetch(`http://127.0.0.1:${wrong.port}/v1/reports/${TOKEN}`, { method: 'POST', body });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^\d+$/)]);
    await held.stop();
    await vi.waitFor(async () => expect((await shown(wrong))[third.pid]).toBe(HELD), SOON);
    await wrong.stop();
    // The clock of the next one is right until it is told otherwise.
    await held.start(1);
    await third.stop();
    await vi.waitFor(async () => expect((await shown(held))[held.pid]).toBe(HELD), SOON);
    await third.start();
    held.kill('SIGUSR2');
    await vi.waitFor(async () => expect((await shown(third))[third.pid]).toBe(HELD), SOON);
    expect(held.process.output).toMatch(/this host's clock is 12\d s ahead of that of the NATS server/);
    // It cannot write that it gives the lease up, and ends when it sees that another one has it.
    await vi.waitFor(() => expect(held.process.output).toMatch(/has taken over, .* this bridge ends/), SOON);
    await wrong.start();
    for (const bridge of bridges)
      await vi.waitFor(async () => expect(await statesOf(bridge)).toEqual([HELD, 'stands by', 'stands by']), SOON);
  }, 180_000);

  test('one that ends in order is shown as stopped, and is nothing to look at', async () => {
    const [first, last] = [bridges[0]!, bridges.pop()!];
    await last.stop();
    await vi.waitFor(async () => expect(await statesOf(first)).toEqual([HELD, 'stands by', 'stopped']), SOON);
    expect(await (await fetch(first.page)).text()).not.toContain('<li>jetstream_storage');
    await last.remove();
  });

  test('one without NATS says that it knows no more', async () => {
    const [first] = bridges;
    first!.cut('both');
    const page = async () => (await fetch(first!.page)).text();
    await vi.waitFor(async () => expect(await page()).toContain('This bridge cannot ask any more'), SOON);
    first!.cut('none');
    await vi.waitFor(async () => expect(await page()).not.toContain('This bridge cannot ask any more'), SOON);
  });

  test.for([320, 1280])('everybody can read it in Chromium, %i px wide', async (width, context) => {
    const path = which('chromium');
    if (path === undefined) return context.skip('there is no chromium');
    const browser = await launchChromium(path);
    onTestFinished(() => browser.close());
    const { origin } = new URL(bridges[0]!.page);
    const { page, complaints } = await watchedPage(browser, origin, { viewport: { width, height: 800 } });
    await page.goto(`${origin}/`);
    await page.getByRole('heading', { name: 'Bridges on this log' }).waitFor();
    expect(await inaccessible(page)).toEqual([]);
    const wider = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
    expect(await page.evaluate(wider)).toBe(0);
    expect(complaints).toEqual([]);
    const pictures = process.env.CLUSTER_PICTURES;
    if (pictures) await page.screenshot({ path: `${pictures}/bridges-${width}.png`, fullPage: true });
  });
});
