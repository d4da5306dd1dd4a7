import type { Kind } from './bridge-config.ts';

const SCRAPES =
  'the bridge does not scrape: have a Collector do it, with its receiver prometheus and its exporter otlp_http, and send it to the receiver otlp of the bridge';
const COLLECTED =
  'have a Collector take this, and send its metrics with the exporter otlp_http to the receiver otlp of the bridge';
const TRACES = 'the bridge has metrics and logs only: leave traces to a Collector';
const FORWARDED = 'send to a Collector with otlp_http, and have it send this on';
const GRPC =
  'the bridge sends OTLP over HTTP, not over gRPC: write otlp_http, with http:// or https:// before the host in endpoint, and port 4318 in place of 4317';
const AUTHENTICATES = `the bridge has no extensions for authentication: an exporter takes headers, as in headers: {authorization: "Bearer \${env:TOKEN}"}, and a receiver tokens`;
const WATCHES_OTHERS = 'leave it out: it serves receivers that the bridge does not have';

/** Types of a Collector's components that the bridge does not have, or has under another name: what to write instead. */
const ADVICE: Readonly<Record<Kind, readonly (readonly [types: string, advice: string])[]>> = {
  receiver: [
    ['prometheus prometheus_simple prometheus_remote_write prometheusremotewrite', SCRAPES],
    [
      'hostmetrics host_metrics kubeletstats docker_stats k8s_cluster k8s_events filelog file_log file journald syslog ' +
        'statsd kafka kafkametrics fluentforward fluent_forward tcplog udplog tcp_log udp_log ' +
        'httpcheck http_check snmp nginx apache haproxy redis mysql postgresql mongodb collectd influxdb carbon ' +
        'splunk_hec webhookevent nop otelarrow sqlquery elasticsearch',
      COLLECTED,
    ],
    ['zipkin jaeger opencensus skywalking', TRACES],
  ],
  exporter: [
    ['otlp otlp_grpc otlpgrpc otelarrow', GRPC],
    ['logging', 'write debug: the Collector renamed it too'],
    ['opensearch', 'write elasticsearch: it sends to OpenSearch as well'],
    [
      'loki',
      'write otlp_http, with the path /otlp in endpoint: Loki 3 takes OTLP itself, as in http://127.0.0.1:3100/otlp',
    ],
    [
      'kafka jaeger zipkin datadog influxdb awsemf awscloudwatchlogs googlecloud googlecloudpubsub azuremonitor ' +
        'azuredataexplorer clickhouse opencensus signalfx sapm loadbalancing load_balancing coralogix logzio sentry ' +
        'pulsar rabbitmq carbon cassandra',
      FORWARDED,
    ],
    ['nop', 'leave it out, and the pipeline that has no other exporter'],
  ],
  extension: [
    ['zpages', 'leave it out: the extension status_page shows how the bridge does, and couic-otel-bridge doctor tells'],
    ['pprof', 'leave it out: it profiles programs written in Go'],
    ['memory_limiter memory_ballast', 'leave it out: what the bridge holds in memory has bounds'],
    ['healthcheckv2 health_check_v2 healthcheck', 'write health_check'],
    ['db_storage redis_storage', 'write file_storage: {directory: ./data}'],
    [
      'basicauth basic_auth bearertokenauth bearer_token_auth oauth2client oauth2_client oidc headers_setter sigv4auth ' +
        'asapclient googleclientauth azureauth',
      AUTHENTICATES,
    ],
    ['host_observer k8s_observer docker_observer ecs_observer k8s_leader_elector', WATCHES_OTHERS],
    ['opamp', 'leave it out: nobody but its files and its command line configures the bridge'],
  ],
};

/** @returns undefined when it is no type of a Collector, or one that the bridge has. */
export function collectorTypeAdvice(kind: Kind, type: string): string | undefined {
  return ADVICE[kind].find(([types]) => types.split(' ').includes(type))?.[1];
}
