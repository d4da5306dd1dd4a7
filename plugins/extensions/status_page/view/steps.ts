import type { NextStep } from '../../../../src/service/component-status.ts';
import { type Html, html } from '../html.ts';

/** What to do next, with what to paste. Nothing when there is nothing to do. */
export function nextSteps(steps: readonly NextStep[]): Html | false {
  if (steps.length === 0) return false;
  return html`<ol class="steps">${steps.map(step)}</ol>`;
}

function step({ title, text, paste }: NextStep): Html {
  return html`<li><h3>${title}</h3><p>${text}</p>${paste && html`<div class="paste"><div class="where">${paste.where}<button type="button" data-copy hidden>Copy</button></div><pre tabindex="0">${paste.lines}</pre></div>`}</li>`;
}
