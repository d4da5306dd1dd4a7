import { type Html, html } from '../html.ts';
import type { Overview, ShownCouic } from '../overview.ts';
import { badge } from './badge.ts';
import { ago, bytes, count, counted } from './format.ts';
import { bar, sparkline } from './sparkline.ts';

/** A card for each Couic. */
export function couicCards({ couics, now }: Overview): Html {
  if (couics.length === 0) return html`<p class="empty">No receiver is configured.</p>`;
  return html`<div class="cards">${couics.map((each) => card(each, now))}</div>`;
}

function card({ name, state, reason, summary, activity }: ShownCouic, now: number): Html {
  const added = activity.perMinute.reduce((sum, each) => sum + each, 0);
  return html`<article class="card">
<header><h3>${name}</h3>${badge(state)}</header>
<p class="reason">${reason}</p>
<figure>${sparkline(activity.perMinute)}<figcaption>Drop rules added a minute: ${count(added)} in ${activity.perMinute.length === 60 ? 'an hour' : `${activity.perMinute.length} min`}</figcaption></figure>
${
  summary &&
  html`<dl class="facts">
<div><dt>Last report</dt><dd>${ago(summary.lastReport, now)}</dd></div>
${ruleLines(summary)}
${summary.dropped && html`<div><dt>Dropped</dt><dd>${counted(summary.dropped.packets, 'packets')}, ${bytes(summary.dropped.bytes)}</dd></div>`}
<div><dt>Couic’s API</dt><dd>${api(summary.up)}</dd></div>
<div><dt>Last comparison</dt><dd>${ago(summary.comparedAt, now)}${summary.drift !== null && html`: ${drift(summary.drift)}`}</dd></div>
${summary.quarantined > 0 && html`<div><dt>Not valid</dt><dd>${counted(summary.quarantined, 'reports')} kept: <code>couic-otel-bridge quarantine</code></dd></div>`}
</dl>`
}
</article>`;
}

const FAMILIES = [
  ['ipv4', 'IPv4'],
  ['ipv6', 'IPv6'],
] as const;

function ruleLines({ rules, limits }: NonNullable<ShownCouic['summary']>): Html[] {
  return (['drop', 'ignore'] as const).flatMap((policy) =>
    FAMILIES.filter(([family]) => family === 'ipv4' || rules[policy][family] > 0).map(([family, shown]) => {
      const [held, limit] = [rules[policy][family], limits[policy]];
      return html`<div><dt>${policy} ${shown}</dt><dd><span>${count(held)} of ${count(limit)} rules</span>${bar(held / limit, held / limit > 0.8 ? 'high' : 'low')}</dd></div>`;
    }),
  );
}

function api(up: boolean | null): string {
  if (up === null) return 'not asked (receiver couic_api)';
  return up ? 'answers' : 'does not answer';
}

function drift(rules: number): string {
  return rules === 0 ? 'no difference' : `${counted(rules, 'rules')} apart`;
}
