import { type Html, html } from '../html.ts';
import type { Overview, TagCount } from '../overview.ts';
import { count } from './format.ts';
import { bar } from './sparkline.ts';

/** Which tags block most: what is in force, and what came lately. */
export function tagTables({ tagsNow, tagsLately, minutes }: Overview): Html {
  return html`<div class="pair">
${table('In force now', 'rules', tagsNow, 'No drop rule is in force.')}
${table(minutes === 60 ? 'Added in the last hour' : `Added since the start, ${minutes} min ago`, 'added', tagsLately, 'No drop rule was added.')}
</div>`;
}

function table(title: string, unit: string, tags: readonly TagCount[], empty: string): Html {
  if (tags.length === 0) return html`<div><h3>${title}</h3><p class="empty">${empty}</p></div>`;
  const most = tags[0]!.count;
  const rows = tags.map(
    ({ tag, count: value }) =>
      html`<tr><th scope="row">${tag ?? html`<i>no tag</i>`}</th><td class="share">${bar(value / most, 'tag')}</td><td class="number">${count(value)}</td></tr>`,
  );
  return html`<div><h3>${title}</h3><table class="tags"><thead class="hidden"><tr><th scope="col">tag</th><th scope="col">share</th><th scope="col">${unit}</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}
