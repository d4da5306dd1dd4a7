import { writeFileSync } from 'node:fs';
import { arch, cpus, platform } from 'node:os';
import { parseArgs } from 'node:util';
import type { Benchmark, Row } from './benchmark.ts';
import { events } from './events.ts';
import { growth } from './growth/growth.ts';
import { drawCurves } from './growth/picture.ts';
import { listener } from './http/listener.ts';
import { backlog } from './ingest/backlog.ts';
import { batches } from './ingest/batches.ts';
import { couicReport } from './ingest/couic-report.ts';
import { first } from './ingest/first.ts';
import { single } from './ingest/single.ts';
import { jetStream } from './jetstream/cost.ts';
import { jetStreamGrowth } from './jetstream/growth.ts';
import { jetStreamRestart } from './jetstream/restart.ts';
import { expiry } from './ledger/expiry.ts';
import { explain } from './ledger/explain.ts';
import { restart } from './ledger/restart.ts';
import { rules } from './ledger/rules.ts';
import { snapshot } from './ledger/snapshot.ts';
import { otlp } from './otlp/otlp.ts';
import { scrape } from './scrape/scrape.ts';
import { seal } from './seal.ts';
import { commit } from './storage/commit.ts';

const benchmarks: readonly Benchmark[] = [
  batches,
  couicReport,
  first,
  single,
  backlog,
  events,
  growth,
  rules,
  expiry,
  explain,
  restart,
  snapshot,
  scrape,
  listener,
  otlp,
  seal,
  commit,
  jetStream,
  jetStreamGrowth,
  jetStreamRestart,
];

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    picture: { type: 'string' },
    only: { type: 'string', multiple: true },
    runs: { type: 'string', default: '5' },
    smoke: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(`npm run bench -- [--only NAME]… [--runs N] [--json FILE] [--picture FILE] [--smoke]

Measures the built bridge, each figure beside its reference in the same run; medians of N runs (default 5).
With COUIC_REPORT=PATH also beside Couic's own couic-report, built by you.
Names: ${benchmarks.map(({ name }) => name).join(', ')}
--picture draws the curves of growth as an SVG.
--smoke runs little and only checks that everything was counted.`);
  process.exit(0);
}

const wanted = benchmarks.filter(({ name }) => values.only === undefined || values.only.includes(name));
const unknown = (values.only ?? []).filter((name) => !benchmarks.some((benchmark) => benchmark.name === name));
if (unknown.length > 0) {
  console.error(
    `no benchmark is called ${unknown.join(', ')}; there are ${benchmarks.map(({ name }) => name).join(', ')}`,
  );
  process.exit(2);
}

const scale = { smoke: values.smoke, runs: values.smoke ? 1 : Number(values.runs) };
console.log(
  `Node ${process.version}, ${platform()} ${arch()}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}`,
);
const rows: Row[] = [];
for (const benchmark of wanted) {
  for (const row of await benchmark.run(scale)) {
    rows.push(row);
    const spread = `${row.spread[0].toFixed(2)} to ${row.spread[1].toFixed(2)}`;
    const verdict = scale.smoke ? 'counted' : row.met ? 'met' : 'MISSED';
    console.log(
      `${row.name}: ${row.measured}${row.reference && ` (${row.reference})`}: ${row.value.toFixed(2)} [${spread}], target ${row.target}: ${verdict}`,
    );
  }
}
const curves = rows.flatMap(({ curve }) => curve ?? []);
if (values.picture !== undefined && curves.length > 0) writeFileSync(values.picture, drawCurves(curves));
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
