import { networkInterfaces } from 'node:os';
import type { Clock } from '../../../src/clock.ts';
import { formatDuration } from '../../../src/config/duration.ts';
import { isLoopback } from '../../../src/config/endpoint.ts';
import { counted } from '../../../src/telemetry/counted.ts';
import type { Finding } from '../../../src/telemetry/finding.ts';
import type { CrowdSecConfig } from './config.ts';
import type { LapiClient } from './lapi-client.ts';
import type { Outbox } from './outbox.ts';

/** Milliseconds by which clocks may differ before anybody has to do anything. */
const CLOCK_TOLERANCE = 5000;

interface Examined {
  readonly config: CrowdSecConfig;
  readonly outbox: Outbox;
  /** Left out in a dry run, in which nothing goes over the network. */
  readonly client: LapiClient | undefined;
  readonly clock: Clock;
  /** Addresses of this host by family. @default os.networkInterfaces */
  readonly addresses?: (family: 'IPv4' | 'IPv6') => readonly string[];
}

/** What `couic-otel-bridge doctor` says of the way to LAPI and of what waits. */
export async function examineExporter(examined: Examined, signal: AbortSignal): Promise<Finding[]> {
  const { config, client } = examined;
  if (!client) {
    const advice =
      'set dry_run: false and api_key; "cscli bouncers add couic-otel-bridge" on the LAPI host prints a key';
    return [
      { level: 'warning', message: 'dry run: windows are logged, nothing is sent to LAPI', advice },
      ...examineOutbox(examined),
    ];
  }
  const findings = await examineLapi(client, examined, signal);
  if (!config.heartbeat) {
    findings.push({
      level: 'warning',
      message: 'the heartbeat is off: "cscli bouncers prune" deletes this bouncer, and its key with it',
      advice: 'set heartbeat: true',
    });
  }
  return [...findings, ...examineOutbox(examined)];
}

async function examineLapi(client: LapiClient, examined: Examined, signal: AbortSignal): Promise<Finding[]> {
  const { clock } = examined;
  const before = clock.now();
  const probe = await client.probe(signal);
  const after = clock.now();
  if (probe.outcome.kind !== 'success') return [{ level: 'failure', message: probe.outcome.message }];
  const findings: Finding[] = [{ level: 'ok', message: `${client.endpoint} takes the key` }];
  const usage = await client.probeUsageMetrics(signal);
  if (usage.kind === 'success') findings.push({ level: 'ok', message: 'LAPI takes usage metrics' });
  else findings.push({ level: 'failure', message: usage.message });
  if (probe.date !== undefined) findings.push(examineClock(probe.date - (before + after) / 2));
  return [...findings, ...examineAddress(client, examined)];
}

/** @param difference - of LAPI's clock to ours in ms; its header has whole seconds. */
function examineClock(difference: number): Finding {
  if (Math.abs(difference) <= CLOCK_TOLERANCE)
    return { level: 'ok', message: 'the clocks of LAPI and this host agree' };
  const behind = difference > 0 ? 'behind' : 'ahead of';
  return {
    level: 'warning',
    message: `the clock of this host is ${Math.round(Math.abs(difference) / 1000)} s ${behind} that of LAPI: windows have its time`,
    advice: 'let both hosts keep time (chrony, systemd-timesyncd)',
  };
}

/** LAPI makes a bouncer NAME@ADDRESS of a key that comes from a second address. */
function examineAddress(client: LapiClient, { config, addresses = addressesOfHost }: Examined): Finding[] {
  const used = client.localAddress;
  if (used === undefined || config.local_address !== undefined || isLoopback(used)) return [];
  const others = addresses(used.includes(':') ? 'IPv6' : 'IPv4').filter((address) => address !== used);
  if (others.length === 0) return [];
  return [
    {
      level: 'warning',
      message: `LAPI knows this bouncer by the address ${used}, and this host has others (${others.slice(0, 3).join(', ')}): from another one LAPI makes a second bouncer NAME@ADDRESS, and numbers split`,
      advice: `set local_address: ${used}`,
    },
  ];
}

function addressesOfHost(family: 'IPv4' | 'IPv6'): string[] {
  return Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter((each) => each.family === family && !each.internal && !each.address.startsWith('fe80:'))
    .map(({ address }) => address);
}

function examineOutbox({ outbox, clock, config }: Examined): Finding[] {
  const findings: Finding[] = [];
  const { oldest, size, quarantined, lastSentAt } = outbox;
  const now = clock.now();
  const last = lastSentAt === undefined ? 'none was ever taken' : `the last was taken ${ago(now - lastSentAt)} ago`;
  if (!oldest) findings.push({ level: 'ok', message: `no window waits; ${last}` });
  else {
    const age = now - oldest.sealedAt;
    const late = age > 2 * config.interval;
    findings.push({
      level: late ? 'failure' : 'ok',
      message: `${counted(size, 'windows wait', 'window waits')}, the oldest for ${ago(age)}; ${last}`,
      ...(late && {
        advice: 'they go once LAPI takes them and the storage can note that: see what else fails here, and the log',
      }),
    });
  }
  if (quarantined.length > 0) {
    findings.push({
      level: 'failure',
      message: `LAPI refused ${counted(quarantined.length, 'windows')} for good, the newest with ${quarantined.at(-1)!.status} ${quarantined.at(-1)!.message}`,
      advice: '"couic-otel-bridge windows list" shows them, "windows resend N" sends one again once the cause is gone',
    });
  }
  return findings;
}

function ago(ms: number): string {
  return formatDuration(Math.max(0, Math.round(ms / 1000) * 1000));
}
