import type { Path } from './problem.ts';

const LEAVE_OUT = 'is an option of the Collector: leave it out';
const RENEWED = 'leave it out: renewed files are taken up by themselves';
const INTO_FILE = (option: string) => `put it into a file, and write ${option}: PATH`;
const NO_CHOICE =
  'leave it out: TLS 1.2 and 1.3 are spoken, as Node has them; min_version: "1.3" leaves the older one out';
const TOKENS = `write auth: {tokens: ["\${env:OTLP_TOKEN}"]} beside protocols: there are no extensions for authentication`;

/**
 * Options that components of a Collector have and those of the bridge not: by the section (`*` for any), with the type where
 * it is of one alone, and the end of the path below the component, what to do instead.
 */
const ADVICE: readonly (readonly [section: string, ends: string, advice: string])[] = [
  [
    '*',
    'tls.insecure',
    'leave it out: who wants no TLS writes http:// before the host in endpoint, and who wants it https://',
  ],
  [
    '*',
    'tls.server_name_override',
    'leave it out: in endpoint stands the name that the certificate is for; let it lead to the host, in DNS or /etc/hosts',
  ],
  ['*', 'tls.ca_pem', INTO_FILE('ca_file')],
  ['*', 'tls.cert_pem', INTO_FILE('cert_file')],
  ['*', 'tls.key_pem', INTO_FILE('key_file')],
  ['*', 'tls.reload_interval', RENEWED],
  ['*', 'tls.client_ca_file_reload', RENEWED],
  [
    '*',
    'tls.include_system_ca_certs_pool',
    "leave it out: without ca_file the system's authorities are taken; with it those in the file alone, so put all into it",
  ],
  ['*', 'tls.max_version', NO_CHOICE],
  ['*', 'tls.cipher_suites', NO_CHOICE],
  ['*', 'tls.curve_preferences', NO_CHOICE],
  ['*', 'tls.tpm', INTO_FILE('key_file')],
  ['exporters', 'sending_queue.enabled', 'leave it out: what is sent always waits in a queue'],
  ['exporters', 'sending_queue.num_consumers', 'leave it out: requests go one after the other, in order'],
  [
    'exporters',
    'sending_queue.storage',
    'leave it out: totals are kept by the storage of the bridge, and what is sent next has all that was lost before',
  ],
  ['exporters', 'sending_queue.sizer', 'leave it out: queue_size counts requests'],
  ['exporters', 'sending_queue.block_on_overflow', 'leave it out: when the queue is full its oldest request goes'],
  ['exporters', 'sending_queue.wait_for_result', 'leave it out: nobody waits for the answer'],
  ['exporters', 'sending_queue.batch', 'leave it out: a collection is a batch'],
  [
    'exporters',
    'sending_queue',
    'leave it out: what waits is in the storage of the bridge; where it has bounds to set, the page of the exporter has them',
  ],
  ['exporters', 'batcher', 'leave it out: exporters of the bridge batch by themselves'],
  ['exporters', 'encoding', 'leave it out: protobuf is what every receiver of OTLP takes, and what is sent'],
  [
    'exporters',
    'auth',
    `write the header itself: headers: {authorization: "Bearer \${env:TOKEN}"}; there are no extensions for authentication`,
  ],
  ['exporters', 'traces_endpoint', 'leave it out: the bridge has no traces'],
  ['exporters', 'profiles_endpoint', 'leave it out: the bridge has no profiles'],
  ['exporters', 'proxy_url', 'leave it out: the bridge connects to endpoint itself'],
  ['exporters', 'remote_write_queue', 'write sending_queue: {queue_size: 100}'],
  ['exporters', 'wal', 'leave it out: totals are kept by the storage of the bridge, and are sent again and again'],
  ['exporters', 'target_info', 'leave it out: target_info is always sent'],
  ['receivers/otlp', 'auth.authenticator', TOKENS],
  ['receivers/otlp', 'http.auth', TOKENS],
  ['receivers/otlp', 'grpc.auth', TOKENS],
  ['receivers/otlp', 'grpc.max_recv_msg_size_mib', 'write max_request_body_size, in bytes'],
  ['receivers/otlp', 'http.cors', 'leave it out: browsers do not send metrics here'],
  ['receivers/otlp', 'http.traces_url_path', 'leave it out: the bridge takes no traces'],
  ['receivers/otlp', 'http.metrics_url_path', 'leave it out: the path is /v1/metrics, as OTLP has it'],
  ['receivers/otlp', 'http.logs_url_path', 'leave it out: this receiver takes no logs'],
  [
    'extensions/health_check',
    'response_body',
    'leave it out: the status is the answer, and the body says why it is not 200',
  ],
  ['extensions/health_check', 'check_collector_pipeline', 'leave it out: the answer is of the bridge as a whole'],
  ['extensions/health_check', 'use_v2', 'leave it out, and write endpoint and path'],
  ['extensions/health_check', 'component_health', 'leave it out: couic-otel-bridge doctor tells of each component'],
  ['extensions/file_storage', 'create_directory', 'leave it out: the directory is made when it is missing'],
  [
    'extensions/file_storage',
    'directory_permissions',
    'leave it out: only the user of the bridge may read the directory',
  ],
  ['extensions/file_storage', 'compaction', 'leave it out: what is not needed any more goes by itself'],
  ['extensions/file_storage', 'fsync', 'leave it out: what was answered with 2xx is on disk'],
  ['extensions/file_storage', 'recreate', 'leave it out: state is never thrown away unasked'],
  ['extensions/file_storage', 'timeout', LEAVE_OUT],
  ['service', 'logs.sampling', 'leave it out: a line that would come again and again is written once'],
  ['service', 'logs.output_paths', 'leave it out: the log goes to stdout, and with systemd to the journal'],
  ['service', 'logs.error_output_paths', LEAVE_OUT],
  ['service', 'logs.development', LEAVE_OUT],
  ['service', 'logs.disable_caller', LEAVE_OUT],
  ['service', 'logs.disable_stacktrace', LEAVE_OUT],
  ['service', 'logs.initial_fields', 'write the attributes under service.telemetry.resource'],
  ['service', 'logs.processors', LEAVE_OUT],
];

/** Of connections, which Node looks after. */
const TUNING = new Set(
  (
    'read_buffer_size write_buffer_size max_idle_conns max_idle_conns_per_host max_conns_per_host idle_conn_timeout ' +
    'disable_keep_alives keep_alives_enabled http2_read_idle_timeout http2_ping_timeout force_attempt_http2 cookies keepalive ' +
    'wait_for_ready balancer_name authority middlewares compression_params compression_algorithms include_metadata ' +
    'max_concurrent_streams transport response_headers read_header_timeout write_timeout'
  ).split(' '),
);

/** @param path - of an option that the bridge does not know, from the root. @returns undefined when no Collector has it either. */
export function collectorOptionAdvice(path: Path): string | undefined {
  const [section, id, ...below] = path;
  const type = `${section}/${String(id).split('/')[0]}`;
  const text = below.join('.');
  const found = ADVICE.find(
    ([of, ends]) => (of === '*' || of === section || of === type) && (text === ends || text.endsWith(`.${ends}`)),
  );
  if (found) return found[2];
  return TUNING.has(String(path.at(-1))) && section !== 'service' ? LEAVE_OUT : undefined;
}
