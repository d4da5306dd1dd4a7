import type { ShownComponent } from '../../../../src/service/bridge-view.ts';
import { type Html, html } from '../html.ts';
import type { Overview } from '../overview.ts';
import { badge } from './badge.ts';
import { ago, counted, span } from './format.ts';

/** A card for each exporter: what waits, what was taken last, and what is wrong with it. */
export function exporterCards({ exporters, now }: Overview): Html {
  if (exporters.length === 0) return html`<p class="empty">No exporter is configured.</p>`;
  return html`<div class="cards small">${exporters.map((each) => card(each, now))}</div>`;
}

function card({ id, status }: ShownComponent, now: number): Html {
  const { where, queue, lastSuccess, trouble, note } = status!;
  const isWaiting = lastSuccess === null && note !== undefined;
  return html`<article class="card">
<header><h3>${id}</h3>${trouble ? badge('attention', 'fails') : isWaiting ? badge('waiting') : badge('works')}</header>
${trouble && html`<p class="trouble">${trouble}</p>`}
${note && html`<p class="reason">${note}</p>`}
<dl class="facts slim">
<div><dt>Where</dt><dd class="where">${where}</dd></div>
${queue && html`<div><dt>Waiting</dt><dd>${queue.size === 0 ? 'nothing' : `${counted(queue.size, queue.unit)}${queue.oldest >= 1 ? `, the oldest for ${span(queue.oldest)}` : ''}`}</dd></div>`}
${lastSuccess !== undefined && html`<div><dt>Last taken</dt><dd>${ago(lastSuccess, now)}</dd></div>`}
</dl>
</article>`;
}
