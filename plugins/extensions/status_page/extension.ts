import { type Endpoint, formatEndpoint, isLoopback } from '../../../src/config/endpoint.ts';
import { type Redaction, readKey, redaction } from '../../../src/events/privacy.ts';
import { HttpListener } from '../../../src/http/http-listener.ts';
import {
  CONFIGURATION_COMPONENT,
  type RunningConfiguration,
  SHOW_OPERATION,
} from '../../../src/service/admin/configuration.ts';
import { type Explanation, RULE_OPERATIONS, RULES_COMPONENT } from '../../../src/service/admin/rules.ts';
import type { Extension, ExtensionContext, Operation } from '../../../src/service/component.ts';
import { Access, CODE_TIME } from './access.ts';
import { Activity } from './activity.ts';
import { Assets } from './assets.ts';
import type { StatusPageConfig } from './config.ts';
import { Live } from './live.ts';
import { LOGIN_OPERATION, type PageLogin } from './operations.ts';
import { pageRoutes, type Shown } from './routes.ts';

const BUILT = new URL('./browser/', import.meta.url);

/** A page to look at: how each Couic and each exporter does, and what to do next. */
export class StatusPage implements Extension {
  readonly operations: Readonly<Record<string, Operation>>;
  readonly #context: ExtensionContext;
  readonly #config: StatusPageConfig;
  readonly #activity: Activity;
  readonly #access: Access;
  readonly #live: Live;
  readonly #listener: HttpListener;
  #redaction: Redaction = (event) => event;
  #endpoint: Endpoint | undefined;

  /** @param assets - where the built script is. */
  constructor(context: ExtensionContext, config: StatusPageConfig, assets: URL = BUILT) {
    this.#context = context;
    this.#config = config;
    const { id, logger, clock, connections, carried, bridge } = context;
    // What was counted is not lost to a reload that changes the page.
    this.#activity = carried.get(`activity ${id}`, () => new Activity(clock));
    this.#access = new Access(config.token, clock);
    const onError = (error: unknown) => logger.error({ err: error }, 'A request failed');
    this.#live = new Live(bridge, onError);
    this.operations = { [LOGIN_OPERATION]: async (): Promise<PageLogin> => this.#newLogin() };
    this.#listener = new HttpListener({
      name: id,
      limits: config,
      tls: config.tls,
      router: pageRoutes({
        access: this.#access,
        assets: new Assets(assets),
        live: this.#live,
        hosts: new Set([config.endpoint.host.toLowerCase(), ...config.allowed_hosts]),
        isSecure: config.tls !== undefined,
        render: (shown) => this.#render(shown),
        redaction: () => this.#redaction,
        onError,
      }),
      budget: connections,
      logger,
      clock,
    });
  }

  /** Where it listens; undefined before `start`. */
  get endpoint(): Endpoint | undefined {
    return this.#endpoint;
  }

  async start(): Promise<void> {
    const { logger, events } = this.#context;
    const { endpoint, hmac_key_file } = this.#config;
    this.#redaction = redaction(this.#config, await readKey(hmac_key_file));
    this.#endpoint = await this.#listener.open(endpoint);
    events.on('committed', this.#activity.committed);
    logger.info(`A page to look at is at ${this.#url}`);
    if (!isLoopback(endpoint.host) && this.#config.tls?.client_ca_file === undefined) {
      logger.warn(
        `Whoever reaches ${formatEndpoint(this.#endpoint)} sees how the bridge does, though no address: listen on 127.0.0.1, or ask for a client certificate with tls.client_ca_file`,
      );
    }
  }

  async shutdown(deadline: AbortSignal): Promise<void> {
    this.#context.events.off('committed', this.#activity.committed);
    this.#live.close();
    await this.#listener.close(deadline);
  }

  get #url(): string {
    return `${this.#config.tls ? 'https' : 'http'}://${formatEndpoint(this.#endpoint!)}/`;
  }

  #newLogin(): PageLogin {
    if (this.#endpoint === undefined) throw new Error('the page is there while the bridge runs only: start it first');
    return { url: this.#url, code: this.#access.newCode(), goodFor: CODE_TIME };
  }

  /** What makes pages is loaded with the first of them. */
  async #render({ isOwner, network, problem }: Shown): Promise<string> {
    const { bridge, health, clock, version } = this.#context;
    const [{ takeOverview }, { renderPage }] = await Promise.all([import('./overview.ts'), import('./view/page.ts')]);
    const overview = await takeOverview({ bridge, health, activity: this.#activity, now: clock.now() });
    const secret = isOwner
      ? { explanation: network ? await this.#explain(network) : undefined, configuration: await this.#configuration() }
      : undefined;
    return renderPage({ version, overview, secret, ...(problem !== undefined && { problem }) });
  }

  async #explain(network: string): Promise<Explanation | { asked: string; message: string }> {
    try {
      return (await this.#context.bridge.call(RULES_COMPONENT, RULE_OPERATIONS.explain, { network })) as Explanation;
    } catch (error) {
      return { asked: network, message: (error as Error).message };
    }
  }

  /** Known to a bridge that the command line runs. */
  async #configuration(): Promise<RunningConfiguration | undefined> {
    try {
      return (await this.#context.bridge.call(CONFIGURATION_COMPONENT, SHOW_OPERATION, null)) as RunningConfiguration;
    } catch {
      return undefined;
    }
  }
}
