import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { postHead } from '../support/raw-http.ts';
import { GOOD_POST, reports, TOKEN } from './listeners.ts';

async function send(port: number, text: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  socket.write(text);
  let answer = '';
  for await (const data of socket) {
    answer += data;
    if (answer.includes('accepted')) break;
  }
  return answer;
}

const wrong = (path: string) => `${postHead(path, 2)}[]`;

test('57 KB of wrong tokens on one connection are one answer', async () => {
  const { port, context } = await reports();
  const answer = await send(port, wrong('/v1/reports/wrong').repeat(500));
  expect(answer.match(/HTTP\/1\.1 401/g)).toHaveLength(1);
  const refused = await context.points('couic.bridge.receiver.refused_requests');
  expect(refused).toEqual([[{ reason: 'unauthorized' }, 1]]);
});

test('a good report behind a wrong token is not taken: its sender was told that the connection is over', async () => {
  const { port, ledger } = await reports();
  const body =
    '[{"action":"add","policy":"drop","entry":{"creation":1,"cidr":"1.2.3.4/32","tag":null,"expiration":0},"metadata":null}]';
  const good = `${postHead(`/v1/reports/${TOKEN}`, body.length)}${body}`;
  expect(await send(port, wrong('/v1/reports/wrong') + good)).not.toContain('accepted');
  expect(await send(port, GOOD_POST)).toContain('"accepted":0');
  expect(ledger.reports('edge')).toEqual([]);
});

test.each([
  ['a wrong token', wrong(`/v1/reports/${'x'.repeat(300)}`)],
  ['a wrong path', wrong('/v2/reports')],
  ['a wrong method', `PUT /v1/reports/${TOKEN} HTTP/1.1\r\nHost: bridge\r\n\r\n`],
  ['a web page', wrong(`/v1/reports/${TOKEN}`).replace('Host:', 'Origin: http://evil.example\r\nHost:')],
])('%s, hundreds at a time, is slowed; a good token never waits for it', async (_what, text) => {
  const { port } = await reports({ max_connections: 1000 });
  let answered = 0;
  const failures = Array.from({ length: 200 }, async () => {
    const answer = await send(port, text);
    answered++;
    return answer;
  });
  await expect.poll(() => answered).toBeGreaterThan(10);
  expect(await send(port, GOOD_POST)).toContain('"accepted":0');
  expect(answered).toBeLessThan(100);
  for (const answer of await Promise.all(failures)) expect(answer).toMatch(/^HTTP\/1\.1 40[1345] /);
});

test('more failures than may wait are hung up on, and a good token is answered', async () => {
  const { port } = await reports({ max_connections: 1000 });
  const failures = Array.from({ length: 400 }, () => send(port, wrong('/v1/reports/wrong')));
  const answers = (await Promise.all([...failures, send(port, GOOD_POST)])) as string[];
  expect(answers.filter((answer) => answer === '').length).toBeGreaterThan(50);
  expect(answers.at(-1)).toContain('"accepted":0');
});
