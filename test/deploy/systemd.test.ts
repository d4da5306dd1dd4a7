import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { serviceSchema } from '../../src/config/service-schema.ts';

const unit = readFileSync('deploy/systemd/couic-otel-bridge.service', 'utf8');
const value = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(unit)?.[1];

test('the unit fits to what the bridge does', () => {
  const { shutdown_timeout } = serviceSchema.parse({ pipelines: { metrics: { receivers: ['a'], exporters: ['b'] } } });
  expect(Number(value('TimeoutStopSec')) * 1000).toBeGreaterThan(shutdown_timeout + 1000);
  expect(value('RestartPreventExitStatus')).toBe(String(EXIT.usage));
  expect({ type: value('Type'), access: value('NotifyAccess') }).toEqual({ type: 'notify', access: 'all' });
  expect(value('StateDirectory')).toBe('couic-otel-bridge');
  expect([value('LogsDirectory'), value('LogsDirectoryMode')]).toEqual(['couic-otel-bridge', '0750']);
  expect(value('ExecReload')).toBe('/usr/local/bin/couic-otel-bridge reload --state %S/couic-otel-bridge');
  expect(value('After')?.split(' ')).toContain('time-sync.target');
  expect(readFileSync('otel-config.yaml', 'utf8')).toContain('${env:STATE_DIRECTORY:-');
});

test("the group of Couic's socket is offered, not demanded: a host without it could not start the unit", () => {
  expect(unit).toMatch(/^DynamicUser=yes$/m);
  expect(unit).toMatch(/^#SupplementaryGroups=couic$/m);
  expect(value('SupplementaryGroups')).toBeUndefined();
});

function hasSystemd(): boolean {
  try {
    execFileSync('systemd-analyze', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test.skipIf(!hasSystemd())('systemd itself has nothing to say about the unit', () => {
  const directory = mkdtempSync(join(tmpdir(), 'bridge-unit-'));
  try {
    const path = join(directory, 'couic-otel-bridge.service');
    writeFileSync(path, unit.replace(/^(Exec\w+)=\S+/gm, '$1=/bin/true'));
    const said = execFileSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8', stdio: 'pipe' });
    expect(said).toBe('');
  } finally {
    rmSync(directory, { recursive: true });
  }
});
