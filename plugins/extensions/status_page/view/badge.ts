import { type Html, html } from '../html.ts';
import type { State } from '../overview.ts';

/** A sign and a word for each: the colour says nothing that these do not. */
const LOOKS: Readonly<Record<State, readonly [sign: string, word: string]>> = {
  works: ['✓', 'works'],
  waiting: ['…', 'waiting'],
  attention: ['!', 'needs a look'],
};

export function badge(state: State, word = LOOKS[state][1]): Html {
  return html`<span class="badge ${state}"><span aria-hidden="true">${LOOKS[state][0]}</span> ${word}</span>`;
}
