// A gate that lets requests through or not, and tells CrowdSec of it: `cscli metrics show bouncers` shows the numbers.
//   npm install couic-otel-bridge-crowdsec @opentelemetry/api @opentelemetry/sdk-metrics
//   CROWDSEC_LAPI_KEY=$(cscli bouncers add my-gate -o raw) node usage-metrics.mjs
import { DiagConsoleLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { CrowdSecUsageMetricsExporter, fileOutbox } from 'couic-otel-bridge-crowdsec';

// OpenTelemetry is silent otherwise: why a window waits, a wrong key say, would be told nowhere.
diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.WARN);

const exporter = new CrowdSecUsageMetricsExporter({
  endpoint: process.env.CROWDSEC_LAPI_URL ?? 'http://127.0.0.1:8080',
  apiKey: process.env.CROWDSEC_LAPI_KEY ?? '',
  component: { name: 'my-gate', type: 'my-gate', version: '1.0.0', feature_flags: [] },
  // What LAPI does not take before the program ends is sent when it runs again.
  outbox: fileOutbox(process.env.OUTBOX ?? './data/crowdsec-outbox'),
  mapping({ metric, attributes: { origin } }) {
    switch (metric) {
      case 'gate.requests':
        return { name: 'processed', unit: 'request' };
      case 'gate.blocked':
        return { name: 'dropped', unit: 'request', labels: { origin: String(origin), remediation: 'ban' } };
      case 'gate.blocklist':
        return { name: 'active_decisions', unit: 'ip', labels: { origin: String(origin), ip_type: 'ipv4' } };
    }
    return undefined;
  },
});
const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 30 * 60_000 });
const provider = new MeterProvider({ readers: [reader] });

const meter = provider.getMeter('my-gate');
const requests = meter.createCounter('gate.requests');
const blocked = meter.createCounter('gate.blocked');
const blocklist = meter.createUpDownCounter('gate.blocklist');

blocklist.add(3, { origin: 'CAPI' });
for (let i = 0; i < 100; i++) {
  requests.add(1);
  if (i % 10 === 0) blocked.add(1, { origin: i < 50 ? 'CAPI' : 'cscli' });
}

await exporter.start(); // sends what an earlier run left
await provider.shutdown(); // seals the last window and sends it
console.log(`${exporter.outbox.size} windows wait for the next run`);
