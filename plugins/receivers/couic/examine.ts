import { type Endpoint, endpointForOthers, formatEndpoint, isLoopback } from '../../../src/config/endpoint.ts';
import type { ComponentStatus, NextStep } from '../../../src/service/component-status.ts';
import type { Finding } from '../../../src/telemetry/finding.ts';
import type { LimitUse } from '../../../src/telemetry/limits.ts';
import { type CouicReceiverConfig, type InstanceConfig, SHORT_TOKEN, tokensOf } from './config.ts';

/** A bound that is so full is told. */
const NEARLY = 0.9;

/** What `couic-otel-bridge doctor` says of the way from Couic: what to paste there, without the secret in it. */
export function examineReceiver(config: CouicReceiverConfig, endpoint: Endpoint): Finding[] {
  return config.instances.flatMap((instance) => [
    {
      level: 'ok',
      message: `in the configuration of Couic "${instance.name}":\n${stanza(instance, config, endpoint)}`,
    } as const,
    ...weaknesses(instance, endpoint),
  ]);
}

function stanza(instance: InstanceConfig, config: CouicReceiverConfig, endpoint: Endpoint): string {
  const shown = endpointForOthers(endpoint);
  const secret = tokensOf(instance).length === 0 ? '' : `/TOKEN-OF-${instance.name}`;
  return `[reporting]\nenabled = true\nwebhook = "${urlOf(config, shown)}${secret}"`;
}

function urlOf({ tls }: CouicReceiverConfig, address: string): string {
  return `${tls ? 'https' : 'http'}://${address}/v1/reports`;
}

/** What a page says of it. @param isSilent - whether no report of an instance ever came. */
export function statusOf(
  config: CouicReceiverConfig,
  endpoint: Endpoint,
  isSilent: (instance: string) => boolean,
): ComponentStatus {
  const silent = config.instances.filter(({ name }) => isSilent(name));
  return {
    where: urlOf(config, formatEndpoint(endpoint)),
    steps: silent.map((each) => firstStep(each, config, endpoint)),
  };
}

function firstStep(instance: InstanceConfig, config: CouicReceiverConfig, endpoint: Endpoint): NextStep {
  const secret = tokensOf(instance).length === 0 ? '' : `, with the token of ${instance.name} in its place`;
  return {
    title: `Have Couic "${instance.name}" report here`,
    text: `Put this into its configuration${secret}, and restart it. Rules that it gets by its API are gone with a restart: add them again.`,
    paste: { where: '/etc/couic/couic.toml', lines: stanza(instance, config, endpoint) },
  };
}

function weaknesses(instance: InstanceConfig, endpoint: Endpoint): Finding[] {
  const tokens = tokensOf(instance);
  if (tokens.length > 0 && tokens.every(({ length }) => length >= SHORT_TOKEN)) return [];
  const message =
    tokens.length > 0
      ? `the token of "${instance.name}" is short enough to be guessed`
      : `"${instance.name}" has no token: every program ${isLoopback(endpoint.host) ? 'on this host ' : ''}can send reports`;
  return [
    {
      level: 'warning',
      message,
      advice: 'set a token ("couic-otel-bridge token" makes one) here, and append it to the webhook',
    },
  ];
}

/** The bounds of its instances that are nearly taken up. */
export function fullLimits(uses: readonly LimitUse[]): Finding[] {
  return uses
    .filter(({ used, limit }) => used >= limit * NEARLY)
    .map(({ of, what, used, limit, beyond = 0, option }) => ({
      level: 'warning',
      message: `"${of}" takes up ${used} of ${limit} ${what}; ${beyond} came beyond`,
      advice: `${option === undefined ? 'it is fixed' : `raise ${option}`}; couic-otel-bridge limits shows all of them`,
    }));
}
