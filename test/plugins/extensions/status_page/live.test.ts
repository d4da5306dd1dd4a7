import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Live } from '../../../../plugins/extensions/status_page/live.ts';
import type { CouicEvent } from '../../../../src/events/event.ts';
import { redaction } from '../../../../src/events/privacy.ts';
import type { NewEvents } from '../../../../src/service/bridge-view.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const event = (place: number, more: Partial<CouicEvent> = {}) =>
  ({
    id: `log-${place}`,
    name: 'couic.rule.added',
    time: 0,
    observedTime: 0,
    instance: 'edge',
    policy: 'drop',
    network: { text: '192.0.2.1/32', address: '192.0.2.1', type: 'ipv4', form: 'plain' },
    tag: '<b>tag</b>\u202E',
    creation: 0,
    expiration: null,
    lifetime: null,
    metadata: { kind: 'manual', detail: `<script>\n${'x'.repeat(300)}` },
    metadataCut: false,
    ...more,
  }) as CouicEvent;

/** The end of an answer that a browser reads. */
class Answer extends EventEmitter {
  text = '';
  status = 0;
  writableEnded = false;
  /** Set while the browser is behind. */
  writableNeedDrain = false;

  writeHead(status: number): this {
    this.status = status;
    return this;
  }

  write(text: string): boolean {
    this.text += text;
    return true;
  }

  end(): void {
    this.writableEnded = true;
  }

  destroy(): void {
    this.emit('close');
  }

  get messages(): { events: Record<string, string>[]; leftOut: boolean }[] {
    return [...this.text.matchAll(/^data: (.*)$/gm)].map(([, json]) => JSON.parse(json!));
  }
}

/** A bridge that tells what it is given. */
function source() {
  const batches: NewEvents[] = [];
  let wake = () => {};
  const live = new Live(
    {
      async *newestEvents(_most, signal) {
        while (!signal.aborted) {
          const batch = batches.shift();
          if (batch) {
            yield batch;
            continue;
          }
          await new Promise<void>((resolve) => {
            wake = resolve;
            signal.addEventListener('abort', () => resolve(), { once: true });
          });
        }
      },
    },
    (error) => {
      throw error;
    },
  );
  return {
    live,
    tell(events: readonly CouicEvent[], leftOut = false) {
      batches.push({ events, leftOut });
      wake();
    },
  };
}

function follow(
  live: Live,
  { isAllowed = (): boolean => true, redact = redaction({ addresses: 'keep', truncate: { ipv4: 24, ipv6: 48 } }) } = {},
) {
  const answer = new Answer();
  const done = live.follow({ response: answer as unknown as ServerResponse, redact, isAllowed });
  return { answer, done };
}

test('events come together, each in words of which none turns or hides text', async () => {
  const { live, tell } = source();
  const { answer, done } = follow(live);
  tell([event(1)]);
  await vi.advanceTimersByTimeAsync(100);
  expect(answer.messages).toEqual([]);
  tell([event(2, { name: 'couic.rule.removed' })]);
  await vi.advanceTimersByTimeAsync(200);
  const [message] = answer.messages;
  expect(message!.leftOut).toBe(false);
  expect(message!.events.map(({ id, what, until }) => [id, what, until])).toEqual([
    ['log-1', 'added', 'never'],
    ['log-2', 'removed', ''],
  ]);
  expect(message!.events[0]).toMatchObject({ network: '192.0.2.1/32', tag: '<b>tag</b>\\u202e', instance: 'edge' });
  expect(message!.events[0]!.why).toMatch(/^manual: <script>\\nx+…$/);
  live.close();
  await done;
});

test('addresses are told as the option says', async () => {
  const { live, tell } = source();
  const redact = redaction({ addresses: 'drop', truncate: { ipv4: 24, ipv6: 48 } });
  const { answer } = follow(live, { redact });
  tell([
    event(1),
    event(2, { name: 'couic.report.quarantined', reason: 'bad_cidr', text: '192.0.2.1' } as Partial<CouicEvent>),
  ]);
  await vi.advanceTimersByTimeAsync(250);
  expect(answer.text).not.toContain('192.0.2');
  expect(answer.messages[0]!.events.map(({ what, network, why }) => [what, network, why])).toEqual([
    ['added', 'not shown', ''],
    ['not valid', '', 'bad_cidr'],
  ]);
  live.close();
});

test('who cannot keep up is given the newest fifty, and told that there were more', async () => {
  const { live, tell } = source();
  const { answer } = follow(live);
  for (let i = 0; i < 3; i++) tell(Array.from({ length: 50 }, (_, place) => event(50 * i + place)));
  answer.writableNeedDrain = true;
  await vi.advanceTimersByTimeAsync(1000);
  expect(answer.messages).toEqual([]);
  answer.writableNeedDrain = false;
  await vi.advanceTimersByTimeAsync(250);
  const [message] = answer.messages;
  expect([message!.events.length, message!.events[0]!.id, message!.leftOut]).toEqual([50, 'log-100', true]);
  live.close();
});

test('it shows that it is alive, and ends with the login', async () => {
  const { live } = source();
  let isAllowed = true;
  const { answer, done } = follow(live, { isAllowed: () => isAllowed });
  await vi.advanceTimersByTimeAsync(15_000);
  expect(answer.text).toContain('\n:\n\n');
  isAllowed = false;
  await vi.advanceTimersByTimeAsync(15_000);
  await done;
  expect(answer.writableEnded).toBe(true);
});

test('eight follow at most, and each that goes makes room', async () => {
  const { live } = source();
  const all = Array.from({ length: 8 }, () => follow(live));
  expect(live.isFull).toBe(true);
  all[0]!.answer.destroy();
  await all[0]!.done;
  expect(live.isFull).toBe(false);
  live.close();
  await Promise.all(all.map(({ done }) => done));
  expect(vi.getTimerCount()).toBe(0);
});
