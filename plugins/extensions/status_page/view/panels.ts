import type { ShownComponent } from '../../../../src/service/bridge-view.ts';
import type { Cell, Table } from '../../../../src/service/component-status.ts';
import { type Html, html } from '../html.ts';
import { ago, count, counted } from './format.ts';

/** What components bring of their own. */
export function panelSections(components: readonly ShownComponent[], now: number): Html[] {
  return components.flatMap(({ id, status }) =>
    (status!.panels ?? []).map((panel, index) => {
      const name = `panel-${id.replace(/[^A-Za-z0-9]/g, '-')}-${index}`;
      return html`<section id="${name}" aria-labelledby="${name}-title" data-live><h2 id="${name}-title">${panel.title} <small>${id}</small></h2>${panel.text && html`<p class="about">${panel.text}</p>`}${table(panel, now, name)}</section>`;
    }),
  );
}

/** @param name - unique on the page. */
function table({ columns, rows, empty, leftOut = 0 }: Table, now: number, name: string): Html {
  if (rows.length === 0) return html`<p class="empty">${empty}</p>`;
  const body = rows.map(({ cells, more }, index) => {
    const key = `${name}-${index}`;
    const row = html`<tr>${cells.map((cell) => html`<td class="${typeof cell === 'number' && 'number'}">${shown(cell, now)}</td>`)}</tr>`;
    if (!more) return row;
    const summary = html`<details id="${key}"><summary>${counted(more.rows.length, 'entries')}</summary>${table(more, now, key)}</details>`;
    return html`${row}<tr class="more"><td colspan="${columns.length}">${summary}</td></tr>`;
  });
  const heads = columns.map(
    (column, index) =>
      html`<th scope="col" class="${typeof rows[0]!.cells[index] === 'number' && 'number'}">${column}</th>`,
  );
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${columns.join(', ')}"><table class="grid"><thead><tr>${heads}</tr></thead><tbody>${body}</tbody></table></div>${leftOut > 0 && html`<p class="empty">${count(leftOut)} more not shown.</p>`}`;
}

function shown(cell: Cell, now: number): Html | string {
  if (typeof cell === 'number') return count(cell);
  return typeof cell === 'string' ? cell : ago(cell.time, now);
}
