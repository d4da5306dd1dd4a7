import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { factories } from '../../src/components.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { ownMetrics } from '../../src/service/own-metrics.ts';
import { Service } from '../../src/service/service.ts';
import { temporaryDirectory } from '../log/embedded/testing.ts';
import { counterOf, protobufOf } from '../plugins/receivers/otlp/requests.ts';
import { freePort } from '../support/free-port.ts';
import { sumByLabels } from '../support/parse-exposition.ts';

const read = (yaml: string) =>
  loadConfig({ configs: ['c.yaml'], sets: [], env: {}, factories, readFile: () => yaml }).config;

test('an exporter goes on over a reload of the receiver: totals stay, and each exporter has its own pipelines alone', async () => {
  const directory = temporaryDirectory();
  const [waf, web, shown, both] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const config = (maxSeries: number) =>
    read(`
receivers:
  otlp/waf: {protocols: {http: {endpoint: "127.0.0.1:${waf}"}}, max_series: ${maxSeries}}
  otlp/web: {protocols: {http: {endpoint: "127.0.0.1:${web}"}}}
exporters:
  prometheus: {endpoint: "127.0.0.1:${shown}"}
  prometheus/both: {endpoint: "127.0.0.1:${both}", resource_to_telemetry_conversion: {enabled: true}}
extensions: {file_storage: {directory: "${directory}"}}
service:
  extensions: [file_storage]
  pipelines:
    metrics/waf: {receivers: [otlp/waf], exporters: [prometheus, prometheus/both]}
    metrics/web: {receivers: [otlp/web], exporters: [prometheus/both]}
`);
  const service = await Service.create({
    config: config(100),
    logger: pino({ enabled: false }),
    clock: systemClock,
    version: '1.2.3',
    metrics: ownMetrics(factories),
  });
  onTestFinished(() => void service.shutdown());
  await service.start();
  const push = async (port: number, value: number, host: string) => {
    const body = protobufOf([counterOf([value], { time: BigInt(value) })], host);
    const headers = { 'content-type': 'application/x-protobuf' };
    const response = await fetch(`http://127.0.0.1:${port}/v1/metrics`, { method: 'POST', body, headers });
    expect(response.status).toBe(200);
  };
  const calls = async (port: number, label: string) => {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    return sumByLabels(await response.text(), 'calls_total', [label]);
  };
  await push(waf, 5, 'a');
  await push(web, 7, 'b');
  expect(await calls(shown, 'n')).toEqual({ 0: 5 });
  expect(await calls(both, 'host')).toEqual({ a: 5, b: 7 });
  expect(await service.reload(config(200))).toEqual({ added: [], changed: ['receiver otlp/waf'], removed: [] });
  await push(waf, 8, 'a');
  expect(await calls(shown, 'n')).toEqual({ 0: 8 });
  expect(await calls(both, 'host')).toEqual({ a: 8, b: 7 });
});
