import { randomUUID } from 'node:crypto';
import { createConnection, Server } from 'node:net';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { identityOf } from '../../../../plugins/exporters/crowdsec/identity.ts';
import { claimName, type Identity, KeyClaim } from '../../../../plugins/exporters/crowdsec/key-claim.ts';

const key = randomUUID();
const identity = (name: string): Identity => ['loopback:8080', name];
const claims: KeyClaim[] = [];
let warnings: string[] = [];
afterEach(async () => {
  for (const claim of claims.splice(0)) await claim.stop();
  warnings = [];
});

function claim(name: string): KeyClaim {
  const log = {
    debug: () => {},
    info: () => {},
    warn: (_: object, text: string) => warnings.push(text),
    error: () => {},
  };
  const made = new KeyClaim(async () => identity(name), log);
  claims.push(made);
  return made;
}

/** Waits for what the kernel brings. */
async function until(come: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await come())) await new Promise((resolve) => setImmediate(resolve));
}

describe.runIf(process.platform === 'linux')('two bridges of one host with one key', () => {
  it('are told to both of them, until one has ended', async () => {
    const first = claim(key);
    first.start();
    expect(await first.examine()).toEqual([]);
    const second = claim(key);
    second.start();
    expect(await second.examine()).toEqual([
      {
        level: 'warning',
        message: expect.stringMatching(/^another bridge on this host has the same key or certificate: /),
        advice: expect.stringContaining('cscli bouncers add NAME'),
      },
    ]);
    await until(() => warnings.length === 2);
    expect(await first.isShared()).toBe(true);
    await first.stop();
    await until(async () => !(await second.isShared()));
    // It has the name now.
    const third = claim(key);
    third.start();
    expect(await third.isShared()).toBe(true);
    await third.stop();
    await until(async () => !(await second.isShared()));
  });

  it('are seen by a command while one of them does not run', async () => {
    const command = claim(key);
    expect(await command.examine()).toEqual([]);
    claim(key).start();
    await until(() => command.isShared());
    expect(warnings).toEqual([]);
  });

  it('are two with two keys', async () => {
    const [first, second] = [claim(key), claim(`${key}2`)];
    first.start();
    second.start();
    expect([await first.isShared(), await second.isShared()]).toEqual([false, false]);
  });

  it('whoever speaks is hung up on', async () => {
    const first = claim(key);
    first.start();
    await first.isShared();
    const socket = createConnection(await claimName(identity(key)));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.end('hello');
    await closed;
    await until(async () => !(await first.isShared()));
  });
});

describe('where nobody can be asked', () => {
  /** How often it tried. */
  async function nothingSaid(): Promise<number> {
    const listens = vi.spyOn(Server.prototype, 'listen').mockImplementation(function (this: Server) {
      setImmediate(() => this.emit('error', Object.assign(new Error('refused'), { code: 'EACCES' })));
      return this;
    });
    onTestFinished(() => listens.mockRestore());
    const asking = claim(key);
    expect(await asking.examine()).toEqual([]);
    asking.start();
    expect(await asking.isShared().catch(() => 'not known')).not.toBe(true);
    await asking.stop();
    expect(warnings).toEqual([]);
    return listens.mock.calls.length;
  }

  it.runIf(process.platform === 'linux')('nothing is said of others: names are refused', async () => {
    expect(await nothingSaid()).toBe(2);
  });

  it('nothing is said of others: it is not Linux, whose names they are', async () => {
    const own = Object.getOwnPropertyDescriptor(process, 'platform')!;
    onTestFinished(() => {
      Object.defineProperty(process, 'platform', own);
    });
    Object.defineProperty(process, 'platform', { ...own, value: 'darwin' });
    expect(await nothingSaid()).toBe(0);
  });
});

describe('who LAPI takes a bridge for', () => {
  it.each([
    ['http://127.0.0.1:8080', 'http://localhost:8080', true],
    ['http://[::1]:8080', 'http://localhost:8080/crowdsec', true],
    ['https://lapi', 'https://lapi:443', true],
    ['http://lapi', 'http://lapi:80', true],
    ['http://lapi', 'https://lapi', false],
    ['http://lapi', 'http://other', false],
    ['unix:///run/lapi.sock', 'unix:///run/lapi.sock', true],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8081', false],
    ['unix:///run/lapi.sock', 'http://127.0.0.1:8080', false],
  ])('%s and %s are one: %s', async (one, other, same) => {
    const of = (endpoint: string) => identityOf({ endpoint, api_key: 'k' });
    expect(JSON.stringify(await of(one)) === JSON.stringify(await of(other))).toBe(same);
  });
});
