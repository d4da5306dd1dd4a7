import { cpSync, lstatSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ClusterBridge } from './tools/cluster-bridge.ts';
import { describeWithNats } from './tools/describe-with-nats.ts';
import { holderOf } from './tools/holder-of.ts';
import { NatsNode } from './tools/nats-node.ts';

const SOON = { timeout: 60_000, interval: 500 };

describeWithNats('a directory that was copied, as with a machine', (binary) => {
  let node: NatsNode;
  let first: ClusterBridge;
  let copy: ClusterBridge;
  const state = (bridge: ClusterBridge) => join(bridge.process.directory, 'state');
  const holds = async (bridge: ClusterBridge) => (await holderOf(node, 'copied')) === bridge.pid;

  beforeAll(async () => {
    node = await NatsNode.make({ binary });
    await node.start();
    const token = '550e8400-e29b-41d4-a716-446655440000';
    const options = {
      natsPorts: [node.port],
      stream: 'copied',
      instances: [{ name: 'edge', token }],
      storage: { replicas: 1 },
    };
    first = await ClusterBridge.make(options);
    copy = await ClusterBridge.make(options);
  });
  afterAll(async () => {
    await Promise.all([first, copy].map((bridge) => bridge.remove()));
    await node.remove();
  });

  test('is no reason for two bridges to take the lease from one another, and is told with what to do', async () => {
    await first.start();
    const known = () => readFileSync(join(state(first), 'bridge.json'), 'utf8');
    await vi.waitFor(() => expect(known()).toContain('leaseRun'), SOON);
    // As bad as it can be: of a bridge at work, with all that it knows of itself.
    cpSync(state(first), state(copy), { recursive: true, filter: (path) => !lstatSync(path).isSocket() });
    await copy.start();
    await vi.waitFor(async () => expect(await holds(copy)).toBe(true), SOON);
    await vi.waitFor(
      () => expect(first.process.output).toMatch(/has taken over: it has the id of this bridge, so the directory/),
      SOON,
    );
    const told = /have one id, since the directory of one is a copy of another's: stop all of them but one/;
    for (const { process } of [first, copy]) await vi.waitFor(() => expect(process.output).toMatch(told), SOON);
    expect([first.starts, copy.starts]).toEqual([2, 1]);
    expect([await holds(first), await holds(copy)]).toEqual([false, true]);
    expect(await first.command('doctor')).toMatch(/FAILURE .* have one id/);
    expect(await (await fetch(copy.page)).text()).toMatch(/<li>jetstream_storage: .* have one id/);
  }, 150_000);

  test('what is told to do helps', async () => {
    await first.stop();
    rmSync(join(state(first), 'bridge.json'));
    await first.start();
    await vi.waitFor(async () => {
      const doctor = await first.command('doctor');
      expect([doctor.includes(': stands by'), doctor.includes(': has the lease')]).toEqual([true, true]);
    }, SOON);
    expect(await first.command('doctor')).not.toContain('have one id');
    // The other one looks again every 10 s.
    const page = async () => (await fetch(copy.page)).text();
    await vi.waitFor(async () => expect(await page()).not.toContain('have one id'), SOON);
    await copy.stop();
    await vi.waitFor(async () => expect(await holds(first)).toBe(true), SOON);
  }, 150_000);

  test('one that was killed takes its lease back at once', async () => {
    const said = first.process.output.length;
    first.kill('SIGKILL');
    await vi.waitFor(() => expect(first.starts).toBe(4), SOON);
    await vi.waitFor(async () => expect(await holds(first)).toBe(true), { timeout: 5000, interval: 100 });
    expect(first.process.output.slice(said)).not.toContain('Standing by');
  }, 60_000);
});
