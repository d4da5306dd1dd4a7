import { expect, test } from 'vitest';
import { Progress } from './progress.ts';

function progress(isTerminal: boolean) {
  let out = '';
  const counts = () => ({ offered: 9, acknowledged: 5, dropped: 0, attempts: 3, failures: 1, waiting: 4 });
  const write = (text: string) => {
    out += text;
  };
  return { shown: new Progress({ isTerminal, write, counts }), out: () => out };
}

test('a terminal has one line that is written anew', () => {
  const { shown, out } = progress(true);
  shown.show();
  shown.show();
  const line = '\r\u001b[K9 reports: 5 acknowledged, 4 waiting, 1 request failed';
  expect(out()).toBe(line + line);
  shown.endLine();
  shown.endLine();
  expect(out()).toBe(`${line}${line}\n`);
});

test('a pipe has dots, sixty a line', () => {
  const { shown, out } = progress(false);
  for (let second = 0; second < 61; second++) shown.show();
  shown.stop();
  expect(out()).toBe(`${'.'.repeat(60)}\n.\n`);
});
