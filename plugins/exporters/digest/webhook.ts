import { loadClientTls } from '../../../src/config/tls.ts';
import { type Answer, HttpClient } from '../../../src/delivery/http-client.ts';
import { NO_REDIRECTS, type Outcome, refused } from '../../../src/delivery/outcome.ts';
import type { Finding } from '../../../src/telemetry/finding.ts';
import type { Digest } from './digest.ts';
import type { About, Notifier } from './notifier.ts';
import type { WebhookConfig } from './notifiers-config.ts';
import { signature } from './signature.ts';
import { testDocument, webhookDocument } from './webhook-document.ts';

/** It will be answered the same for ever: the document is not wanted, or nobody is there by intent. */
const FINAL = new Set([400, 406, 410, 411, 413, 414, 415, 422]);

interface WebhookOptions {
  readonly id: string;
  readonly config: WebhookConfig;
  readonly about: About;
  /** Of the bridge. */
  readonly version: string;
  readonly now: () => number;
}

/** Posts the digest as a document of JSON, with the headers of Standard Webhooks. */
export class WebhookNotifier implements Notifier {
  readonly id: string;
  readonly #options: WebhookOptions;
  readonly #client: HttpClient;

  constructor(options: WebhookOptions) {
    this.#options = options;
    this.id = options.id;
    const { endpoint, headers, timeout, tls } = options.config;
    this.#client = new HttpClient({
      url: endpoint,
      shown: new URL(endpoint).origin,
      headers: {
        'user-agent': `couic-otel-bridge/${options.version}`,
        ...headers,
        'content-type': 'application/json',
      },
      tls: tls && (() => loadClientTls(tls)),
      timeout,
    });
  }

  get shown(): string {
    return this.#client.shown;
  }

  async open(): Promise<void> {
    const { tls } = this.#options.config;
    if (tls) await loadClientTls(tls);
  }

  send(digest: Digest, signal: AbortSignal): Promise<Outcome> {
    return this.#post(digest.id, webhookDocument(digest, this.#options.about), signal);
  }

  test(id: string, signal: AbortSignal): Promise<Outcome> {
    const { about, now } = this.#options;
    return this.#post(id, testDocument(id, about, now()), signal);
  }

  /** There is nothing that could be asked of it without telling it something. */
  async examine(): Promise<readonly Finding[]> {
    return [];
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async #post(id: string, document: object, signal: AbortSignal): Promise<Outcome> {
    const { config, now } = this.#options;
    const body = JSON.stringify(document);
    const timestamp = Math.floor(now() / 1000);
    const headers = {
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      ...(config.secret !== undefined && { 'webhook-signature': signature(config.secret, id, timestamp, body) }),
    };
    const answer = await this.#client.ask({ method: 'POST', path: '', headers, body }, signal);
    return answer.kind === 'answer' ? judged(answer, this.shown) : answer;
  }
}

function judged({ status, retryAfter }: Answer, shown: string): Outcome {
  if (status >= 200 && status < 300) return { kind: 'success' };
  // Without the answer's own words: they may repeat the path, which can be a secret.
  return refused(status, `${shown} answered ${status}${advice(status)}`, !FINAL.has(status), retryAfter);
}

function advice(status: number): string {
  if (status >= 300 && status < 400) return NO_REDIRECTS;
  switch (status) {
    case 401:
    case 403:
      return ': check headers and secret';
    case 404:
    case 405:
      return ': check endpoint and its path';
    default:
      return '';
  }
}
