import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';

it('runs by plain node, takes a window and prints the table', async () => {
  const sim = spawn('npm', ['run', '--silent', 'lapi-sim', '--', '--port', '0', '--key', 'k'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true, // npm does not hand a signal to what it runs: end the whole group
  });
  let output = '';
  const until = async (text: string) => {
    for await (const chunk of sim.stdout.iterator({ destroyOnReturn: false })) {
      output += String(chunk);
      if (output.includes(text)) return;
    }
  };
  try {
    await until('dry_run: false');
    const url = /endpoint: (\S+)/.exec(output)?.[1];
    const body = {
      version: '1',
      utc_startup_timestamp: 1,
      metrics: [
        {
          meta: { window_size_seconds: 1, utc_now_timestamp: 2 },
          items: [{ name: 'dropped', value: 3, unit: 'report', labels: { origin: 'couic:ssh' } }],
        },
      ],
    };
    const answer = await fetch(`${url}/v1/usage-metrics`, {
      method: 'POST',
      headers: { 'X-Api-Key': 'k' },
      body: JSON.stringify({ remediation_components: [body] }),
    });
    expect(answer.status).toBe(201);
    await until('Total');
    expect(output).toContain('| couic:ssh |       3 |');
  } finally {
    process.kill(-sim.pid!, 'SIGTERM');
    await once(sim, 'close');
  }
});
