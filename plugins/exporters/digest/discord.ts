import { loadClientTls } from '../../../src/config/tls.ts';
import { HttpClient } from '../../../src/delivery/http-client.ts';
import type { Outcome } from '../../../src/delivery/outcome.ts';
import type { Finding } from '../../../src/telemetry/finding.ts';
import type { Digest } from './digest.ts';
import { judgeDiscordAnswer } from './discord-answer.ts';
import { discordMessage, discordTest } from './discord-message.ts';
import type { About, Notifier } from './notifier.ts';
import type { DiscordConfig } from './notifiers-config.ts';

interface DiscordOptions {
  readonly id: string;
  readonly config: DiscordConfig;
  readonly about: About;
  /** Of the bridge. */
  readonly version: string;
  readonly now: () => number;
}

/** A webhook of a channel of Discord. @see https://discord.com/developers/docs/resources/webhook#execute-webhook */
export class DiscordNotifier implements Notifier {
  readonly id: string;
  readonly #options: DiscordOptions;
  readonly #client: HttpClient;
  /** Asks what the webhook is: the same URL, read. */
  readonly #looking: HttpClient;

  constructor(options: DiscordOptions) {
    this.#options = options;
    this.id = options.id;
    const { webhook_url: url, timeout, tls } = options.config;
    const common = {
      headers: { 'user-agent': `couic-otel-bridge/${options.version}`, 'content-type': 'application/json' },
      shown: new URL(url).origin,
      tls: tls && (() => loadClientTls(tls)),
      timeout,
    };
    this.#client = new HttpClient({ ...common, url: confirmed(url) });
    this.#looking = new HttpClient({ ...common, url: new URL(new URL(url).pathname, url).href });
  }

  get shown(): string {
    return this.#client.shown;
  }

  async open(): Promise<void> {
    const { tls } = this.#options.config;
    if (tls) await loadClientTls(tls);
  }

  send(digest: Digest, signal: AbortSignal): Promise<Outcome> {
    const { about, config } = this.#options;
    return this.#post(discordMessage(digest, about, config.username), signal);
  }

  test(_id: string, signal: AbortSignal): Promise<Outcome> {
    const { about, config, now } = this.#options;
    return this.#post(discordTest(about, config.username, now()), signal);
  }

  async examine(signal: AbortSignal): Promise<readonly Finding[]> {
    const answer = await this.#looking.ask({ method: 'GET', path: '' }, signal);
    const outcome = answer.kind === 'answer' ? judgeDiscordAnswer(answer, this.shown) : answer;
    if (outcome.kind === 'success') return [{ level: 'ok', message: `${this.id}: ${this.shown} knows the webhook` }];
    return [{ level: 'failure', message: `${this.id}: ${outcome.message}` }];
  }

  async close(): Promise<void> {
    await Promise.all([this.#client.close(), this.#looking.close()]);
  }

  async #post(body: string, signal: AbortSignal): Promise<Outcome> {
    const answer = await this.#client.ask({ method: 'POST', path: '', body }, signal);
    return answer.kind === 'answer' ? judgeDiscordAnswer(answer, this.shown) : answer;
  }
}

/** Without `wait` Discord answers before the message is kept, and does not say when it was not. */
function confirmed(webhookUrl: string): string {
  const url = new URL(webhookUrl);
  url.searchParams.set('wait', 'true');
  return url.href;
}
