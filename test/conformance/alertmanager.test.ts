import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { Discord } from '../support/discord/server.ts';
import { run } from './tools/command.ts';
import { describeWith } from './tools/describe-with.ts';
import { freePort } from './tools/free-port.ts';
import { RunningProcess } from './tools/running-process.ts';

const folder = join(import.meta.dirname, '../../deploy/alertmanager');
const rules = join(import.meta.dirname, '../../deploy/prometheus/couic-alerts.rules.yml');
const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

describeWith(['amtool'], 'deploy/alertmanager', ({ amtool }) => {
  test('amtool finds no fault with the configuration, and with the text', async () => {
    const { code, stdout } = await run(amtool, ['check-config', 'alertmanager.yml'], { cwd: folder });
    expect(stdout).toContain(' - 1 templates\n  SUCCESS');
    expect(code).toBe(0);
  });

  test('it refuses a misspelt key, so it did look', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'amtool-'));
    ends.push(() => rm(directory, { recursive: true }));
    const text = await readFile(join(folder, 'alertmanager.yml'), 'utf8');
    await writeFile(join(directory, 'alertmanager.yml'), text.replace('webhook_url:', 'webhook_uri:'));
    const { code } = await run(amtool, ['check-config', 'alertmanager.yml'], { cwd: directory });
    expect(code).not.toBe(0);
  });

  test('every severity of the alerts has a way to Discord', async () => {
    const severities = new Set(
      [...(await readFile(rules, 'utf8')).matchAll(/severity: (\w+)/g)].map(([, name]) => name),
    );
    expect([...severities].sort()).toEqual(['critical', 'info', 'warning']);
    for (const severity of severities) {
      const args = ['config', 'routes', 'test', '--config.file=alertmanager.yml', `severity=${severity}`];
      const { code, stdout } = await run(amtool, args, { cwd: folder });
      expect([code, stdout.trim()]).toEqual([0, 'discord']);
    }
  });
});

describeWith(['amtool', 'alertmanager'], 'Alertmanager, with deploy/alertmanager', ({ amtool, alertmanager }) => {
  test('tells of an alert and of its end, and of nothing else while the bridge is down', async () => {
    const discord = new Discord();
    const webhook = await discord.open();
    ends.push(() => discord.close());
    const directory = await mkdtemp(join(tmpdir(), 'alertmanager-'));
    ends.push(() => rm(directory, { recursive: true }));
    const text = await readFile(join(folder, 'alertmanager.yml'), 'utf8');
    const config = text
      .replace(/https:\/\/discord\S+/, webhook)
      .replace(/group_wait: \d+\w/g, 'group_wait: 1s')
      .replace('group_interval: 5m', 'group_interval: 1s');
    await writeFile(join(directory, 'alertmanager.yml'), config);
    await writeFile(join(directory, 'couic.tmpl'), await readFile(join(folder, 'couic.tmpl')));
    const port = await freePort();
    const server = await RunningProcess.start({
      file: alertmanager,
      args: [
        `--config.file=${join(directory, 'alertmanager.yml')}`,
        `--storage.path=${join(directory, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--cluster.listen-address=',
      ],
      ready: [/msg=Listening|Listening on/],
    });
    ends.push(() => server.stop());
    const url = `--alertmanager.url=http://127.0.0.1:${port}`;
    const alert = (name: string, severity: string, summary: string, end?: string) =>
      run(amtool, [
        'alert',
        'add',
        url,
        name,
        `severity=${severity}`,
        `--annotation=summary=${summary}`,
        '--annotation=description=What it is.',
        '--annotation=runbook_url=docs/runbooks.md#it',
        ...(end === undefined ? [] : [`--end=${end}`]),
      ]);
    await alert('CouicBridgeDown', 'critical', 'The bridge is down');
    await alert('CouicNoReports', 'warning', 'Nothing comes');
    await expect.poll(() => discord.messages.length, { timeout: 20_000 }).toBe(1);
    await alert('CouicBridgeDown', 'critical', 'The bridge is down', new Date(Date.now() - 1000).toISOString());
    const told = () => discord.messages.map(({ embeds }) => [embeds![0]!.title, embeds![0]!.description]);
    await expect.poll(() => told().length, { timeout: 30_000 }).toBeGreaterThanOrEqual(3);
    expect(told()[0]).toEqual([
      '[CRITICAL] CouicBridgeDown',
      '**The bridge is down**\nWhat it is.\nWhat to do: docs/runbooks.md#it\n',
    ]);
    expect(told().slice(1, 3).sort()).toEqual([
      ['[RESOLVED] CouicBridgeDown', 'It is over: The bridge is down\n'],
      ['[WARNING] CouicNoReports', '**Nothing comes**\nWhat it is.\nWhat to do: docs/runbooks.md#it\n'],
    ]);
  });
});
