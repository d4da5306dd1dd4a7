import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { schema as crowdsec } from '../../plugins/exporters/crowdsec/config.ts';
import { schema as debug } from '../../plugins/exporters/debug/config.ts';
import { configSchema as otlp } from '../../plugins/receivers/otlp/config.ts';
import { DEFAULT_LIMITS, RULE_LIMITS } from '../../src/ledger/attribute-limits.ts';

const page = readFileSync('docs/security.md', 'utf8');

/** Second column of the row that begins with these words. */
function shown(what: string): string {
  const row = page.split('\n').find((line) => line.startsWith(`| ${what} `));
  expect(row, `docs/security.md needs a row "${what}"`).toBeDefined();
  return row!.split('|')[2]!.trim();
}

/** A number that a file has by name. It stays the file's own; only this page has to know of it. */
function constant(file: string, name: string): number {
  const text = new RegExp(`^(?:export )?const ${name} = ([\\d_ *]+);`, 'm').exec(readFileSync(file, 'utf8'))?.[1];
  expect(text, `${file} has no number ${name} any more: mend docs/security.md and this test`).toBeDefined();
  return text!.split('*').reduce((product, factor) => product * Number(factor.replaceAll('_', '')), 1);
}

const count = (n: number) => n.toLocaleString('en-US');
const bytes = (n: number) => (n % 2 ** 20 === 0 ? `${n / 2 ** 20} MiB` : `${n / 2 ** 10} KiB`);
const seconds = (ms: number) => `${ms / 1000} s`;

describe('docs/security.md has the bounds of the code', () => {
  const couicApi = 'plugins/receivers/couic_api';
  const statusPage = 'plugins/extensions/status_page';
  test.each<[what: string, format: (n: number) => string, file: string, name: string]>([
    ['removals that wait for the add they overtook', count, 'src/ledger/rules/tombstones.ts', 'MAX_KEPT'],
    ['rules that left while a list of Couic is read', count, 'src/ledger/listing.ts', 'MAX_ENDED'],
    ['one report', bytes, 'src/report/body-scanner.ts', 'MAX_REPORT_BYTES'],
    ["an entry of Couic's lists", bytes, 'src/report/entry-scanner.ts', 'MAX_ENTRY_BYTES'],
    ['a body ahead of the ledger', bytes, 'plugins/receivers/couic/request-body.ts', 'READ_AHEAD'],
    ['strings of reports that are remembered', count, 'src/report/interner.ts', 'MAX_REMEMBERED'],
    ['log lines about reports that are not valid', count, 'src/ledger/quarantine-log.ts', 'BURST'],
    ['log lines that nobody takes', bytes, 'src/telemetry/log-file.ts', 'KEPT'],
    ['rules that expire in one record', count, 'src/ledger/expiry.ts', 'MAX_PER_RECORD'],
    ['removals of a comparison in one record', count, 'src/ledger/reconciler.ts', 'REMOVALS_PER_RECORD'],
    ['an answer of LAPI or of a backend', bytes, 'src/delivery/http-client.ts', 'MOST_BODY'],
    ['an answer of LAPI or of a backend', seconds, 'src/delivery/http-client.ts', 'BODY_PATIENCE'],
    ['informational answers before one', count, 'src/delivery/http-client.ts', 'MOST_INFORMATIONAL'],
    ["counters that Couic's API gives", bytes, `${couicApi}/api-client.ts`, 'MAX_METRICS'],
    ["names in Couic's counters", count, `${couicApi}/metrics-answer.ts`, 'MAX_NAMES'],
    ["an error of Couic's API", bytes, `${couicApi}/api-client.ts`, 'MAX_ERROR'],
    ['CrowdSec: windows that LAPI refused', count, 'plugins/exporters/crowdsec/outbox-bounds.ts', 'MOST_QUARANTINED'],
    ['CrowdSec: bouncers of one section', count, 'plugins/exporters/crowdsec/rules/config.ts', 'MOST_KEYS'],
    ['CrowdSec: others of this host with our key', count, 'plugins/exporters/crowdsec/key-claim.ts', 'MOST_OTHERS'],
    ['status page: a form', bytes, `${statusPage}/form.ts`, 'MOST_BODY'],
    ['status page: wrong tokens', count, `${statusPage}/access.ts`, 'MOST_FAILURES'],
    ['status page: logins', count, `${statusPage}/access.ts`, 'MOST_SESSIONS'],
    ['status page: codes of the command line', count, `${statusPage}/access.ts`, 'MOST_CODES'],
    ['status page: pages that follow events', count, `${statusPage}/live.ts`, 'MOST_FOLLOWERS'],
    ['status page: events that wait for one of them', count, `${statusPage}/live.ts`, 'MOST_EVENTS'],
    ['status page: tags of five minutes', count, `${statusPage}/activity.ts`, 'MOST_TAGS'],
    ['digest: networks that are kept apart', count, 'plugins/exporters/digest/tally.ts', 'MOST_NETWORKS'],
    ['digest: tags that are counted', count, 'plugins/exporters/digest/tally.ts', 'MOST_TAGS'],
    ['digest: those that wait for a notifier', count, 'plugins/exporters/digest/sender.ts', 'MOST_WAITING'],
    ['entries that wait for the stream', count, 'src/log/jetstream/publisher.ts', 'MAX_WAITING'],
    ['entries that wait for the stream', bytes, 'src/log/jetstream/publisher.ts', 'MAX_WAITING_BYTES'],
    ['entries that wait for the stream', seconds, 'src/log/jetstream/publisher.ts', 'PATIENCE_MS'],
    ['OTLP: bodies over HTTP in memory', bytes, 'plugins/receivers/otlp/http-handler.ts', 'MOST_BODIES'],
    ['OTLP: requests of one gRPC connection', count, 'plugins/receivers/otlp/grpc-listener.ts', 'MOST_STREAMS'],
    ['OTLP: attributes of a series', count, 'src/ledger/series/attributes.ts', 'LONGEST_ATTRIBUTES'],
    ['OTLP: gaps between intervals of deltas', count, 'src/ledger/series/counting.ts', 'MOST_GAPS'],
    ["a request of an operator's command", bytes, 'src/service/admin/admin-server.ts', 'MOST_BODY'],
  ])('%s', (what, format, file, name) => {
    const own = shown(what).split(/[,;] /);
    const value = format(constant(file, name));
    expect(
      own.some((part) => part === value || part.startsWith(`${value} `)),
      `${what}: ${value}`,
    ).toBe(true);
  });

  test('and the defaults of options', () => {
    expect(shown('distinct tags')).toBe(count(DEFAULT_LIMITS.tags));
    expect(shown('distinct kinds')).toBe(count(DEFAULT_LIMITS.kinds));
    expect(shown('series of `couic.reports`')).toBe(count(DEFAULT_LIMITS.series));
    expect(shown('rules, each address family')).toBe(
      `${count(RULE_LIMITS.drop)} drop, ${count(RULE_LIMITS.ignore)} ignore`,
    );
    const { max_origins, outbox } = crowdsec.parse({ dry_run: true });
    expect(shown('CrowdSec: origins of an exporter')).toBe(count(max_origins));
    expect(shown('debug: data points or events written at once')).toBe(count(debug.parse({}).max_records));
    const otlpDefaults = otlp.parse({ protocols: { http: {} } });
    expect(shown('OTLP: a request')).toBe(bytes(otlpDefaults.protocols.http!.max_request_body_size));
    expect(shown('OTLP: requests under way')).toBe(count(otlpDefaults.max_concurrent_requests));
    expect(shown('OTLP: series of which a total is kept')).toBe(count(otlpDefaults.max_series));
    const days = outbox.max_age / 86_400_000;
    expect(shown('CrowdSec: windows that wait')).toBe(`${outbox.max_size_mib} MiB, ${days} days`);
  });
});
