import type { DiscordConfig, NotifiersConfig, WebhookConfig } from './notifiers-config.ts';

type Identified =
  | { readonly id: string; readonly kind: 'discord'; readonly config: DiscordConfig }
  | { readonly id: string; readonly kind: 'webhook'; readonly config: WebhookConfig };

/** Notifiers with what they are called in the log, in metrics and in the state: `discord/NAME`; without a name `discord`, then `discord/2`. */
export function notifierIds({ discord, webhook }: NotifiersConfig): Identified[] {
  return [
    ...discord.map((config, index) => ({ id: idOf('discord', config.name, index), kind: 'discord' as const, config })),
    ...webhook.map((config, index) => ({ id: idOf('webhook', config.name, index), kind: 'webhook' as const, config })),
  ];
}

function idOf(kind: string, name: string | undefined, index: number): string {
  if (name !== undefined) return `${kind}/${name}`;
  return index === 0 ? kind : `${kind}/${index + 1}`;
}
