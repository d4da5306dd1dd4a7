import { formatDuration } from '../../../src/config/duration.ts';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import type { Reconciliation } from '../../../src/ledger/reconciler.ts';
import type { RuleCounts } from '../../../src/ledger/traffic.ts';
import type { Finding } from '../../../src/telemetry/finding.ts';
import type { CouicApiClient } from './api-client.ts';
import { ApiError } from './api-error.ts';
import type { CouicApiConfig } from './config.ts';
import { incompleteness } from './incompleteness.ts';

interface ExaminedApi {
  readonly config: Pick<CouicApiConfig, 'endpoint' | 'instance' | 'token' | 'reconcile'>;
  readonly client: Pick<CouicApiClient, 'metrics' | 'rules'>;
  readonly ledger: Pick<Ledger, 'ruleCounts' | 'lastComparison'>;
  /** What the last comparison of this process came to. */
  readonly last: Reconciliation | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * What `couic-otel-bridge doctor` says of one Couic's API. A token is asked for what it is configured for, and for more only
 * once it was refused: Couic writes each refused token to its log.
 */
export async function examineApi(examined: ExaminedApi, signal: AbortSignal): Promise<Finding[]> {
  const { config, client } = examined;
  const { reconcile, token } = config;
  const counters = await attempt(async () => (await client.metrics(token, signal)).rules);
  if (isLost(counters)) return [{ level: 'failure', message: counters.error.message }, ...examineComparison(examined)];
  const findings: Finding[] = [{ level: 'ok', message: `${config.endpoint.shown} answers` }];
  if (reconcile === undefined) {
    findings.push(...(await examineCountersToken(counters, () => list(client, token, signal), undefined)));
  } else {
    const rulesToken = reconcile.token ?? token;
    const rules = await attempt(() => list(client, rulesToken, signal));
    const same = rulesToken === token ? rules : undefined;
    findings.push(...(await examineCountersToken(counters, () => list(client, token, signal), same)));
    if (same === undefined) {
      findings.push(...(await examineRulesToken(rules, () => client.metrics(rulesToken, signal))));
    } else if (!('error' in counters) && 'error' in rules) {
      findings.push({
        level: 'failure',
        message: `the token may not list rules: ${rules.error.message}`,
        advice:
          'give reconcile.token that of a client of its own: "couicctl clients add -n otel-bridge-rules -g clientro"',
      });
    }
  }
  if (!('error' in counters) && counters.value) findings.push(examineCounts(counters.value, examined));
  return [...findings, ...examineComparison(examined)];
}

type Attempt<T> = { readonly value: T } | { readonly error: ApiError };

async function attempt<T>(ask: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { value: await ask() };
  } catch (error) {
    if (error instanceof ApiError) return { error };
    throw error;
  }
}

/** Nothing that this Couic says of a token can be asked for. */
function isLost<T>(attempt: Attempt<T>): attempt is { error: ApiError } {
  return 'error' in attempt && attempt.error.failure !== 'unauthorized';
}

/** Only whether there is an answer: it is not read to its end. */
async function list(client: ExaminedApi['client'], token: string, signal: AbortSignal): Promise<void> {
  for await (const _piece of await client.rules('drop', token, signal)) break;
}

async function examineCountersToken(
  counters: Attempt<unknown>,
  askForRules: () => Promise<void>,
  rules: Attempt<void> | undefined,
): Promise<Finding[]> {
  if (!('error' in counters)) {
    if (rules === undefined)
      return [{ level: 'ok', message: 'the token may read counters: group monitoring, or admin' }];
    if ('error' in rules) return [{ level: 'ok', message: 'the token may read counters: group monitoring' }];
    return [
      {
        level: 'warning',
        message: 'the token may do everything: group admin, which may change rules and clients too',
        advice: 'two clients with the least rights do: "couicctl clients add" with -g monitoring, and with -g clientro',
      },
    ];
  }
  const advice = '"couicctl clients add -n otel-bridge -g monitoring" makes a client and shows its token';
  const mayList = !('error' in (rules ?? (await attempt(askForRules))));
  const message = mayList
    ? 'the token may list rules and not read counters: group clientro or clientrw; token has to be of group monitoring'
    : 'Couic does not know the token, or it is of group peering';
  return [{ level: 'failure', message, advice }];
}

async function examineRulesToken(rules: Attempt<void>, askForCounters: () => Promise<unknown>): Promise<Finding[]> {
  if (!('error' in rules)) {
    return [{ level: 'ok', message: 'reconcile.token may list rules: group clientro (clientrw, admin)' }];
  }
  if (isLost(rules)) return [{ level: 'failure', message: `rules cannot be listed: ${rules.error.message}` }];
  const advice = '"couicctl clients add -n otel-bridge-rules -g clientro" makes a client and shows its token';
  const mayCount = !('error' in (await attempt(askForCounters)));
  const message = mayCount
    ? 'reconcile.token may read counters and not list rules: group monitoring; it has to be of group clientro'
    : 'Couic does not know reconcile.token, or it is of group peering';
  return [{ level: 'failure', message, advice }];
}

function examineCounts(held: RuleCounts, { config, ledger }: ExaminedApi): Finding {
  const own = ledger.ruleCounts(config.instance);
  const numbers = `Couic holds ${held.drop} drop and ${held.ignore} ignore rules`;
  if (held.drop === own.drop && held.ignore === own.ignore) {
    return { level: 'ok', message: `${numbers}, and so does the ledger` };
  }
  return {
    level: 'warning',
    message: `${numbers}, the ledger ${own.drop} and ${own.ignore}`,
    advice: config.reconcile
      ? 'the next comparison puts it right; if it stays, see the last one, and the log'
      : 'set reconcile, with the token of a client of group clientro: reports do not tell of peers, set files and restarts',
  };
}

function examineComparison({ config, ledger, last, now }: ExaminedApi): Finding[] {
  if (config.reconcile === undefined) return [];
  const compared = ledger.lastComparison(config.instance);
  if (compared === undefined) return [{ level: 'warning', message: 'rules were never compared with those of Couic' }];
  const age = Math.max(0, Math.round((now - compared.at) / 1000) * 1000);
  const findings: Finding[] = [
    {
      level: age > 2 * config.reconcile.interval + 60_000 ? 'warning' : 'ok',
      message: `rules were last compared ${formatDuration(age)} ago, and ${compared.drift} differed`,
    },
  ];
  const problem = last && incompleteness(last);
  if (problem) {
    findings.push({
      level: 'warning',
      message: problem.message,
      advice: 'update the bridge if Couic is newer, and look at what stands between the two',
    });
  }
  return findings;
}
