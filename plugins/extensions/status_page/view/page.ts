import type { RunningConfiguration } from '../../../../src/service/admin/configuration.ts';
import type { Explanation } from '../../../../src/service/admin/rules.ts';
import { type Html, html } from '../html.ts';
import type { Overview } from '../overview.ts';
import { badge } from './badge.ts';
import { couicCards } from './couics.ts';
import { explained, type Refused } from './explained.ts';
import { exporterCards } from './exporters.ts';
import { counted, moment } from './format.ts';
import { panelSections } from './panels.ts';
import { nextSteps } from './steps.ts';
import { tagTables } from './tags.ts';

export interface PageParts {
  readonly version: string;
  readonly overview: Overview;
  /** What only those see who logged in; undefined for everybody else. */
  readonly secret: SecretParts | undefined;
  /** What came of a login that failed. */
  readonly problem?: string;
}

export interface SecretParts {
  readonly explanation: Explanation | Refused | undefined;
  /** Undefined where nobody knows it. */
  readonly configuration: RunningConfiguration | undefined;
}

/** The page, whole: it is of use without its script, which only keeps it up to date and shows events as they come. */
export function renderPage({ version, overview, secret, problem }: PageParts): string {
  const { state, couics, exporters, withPanels, steps, now } = overview;
  const todo = nextSteps(steps);
  const next =
    todo &&
    html`<section id="next" aria-labelledby="next-title" data-live><h2 id="next-title">What to do next</h2>${todo}</section>`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<title>${TITLES[state]} – couic-otel-bridge</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/page.css">
<script src="/page.js" type="module"></script>
<noscript><meta http-equiv="refresh" content="15"></noscript>
</head>
<body>
<a class="skip" href="#main">To the content</a>
<header class="top">
<div class="name"><img src="/icon.svg" alt="" width="28" height="28"><h1>couic-otel-bridge</h1><span class="version">${version}</span></div>
<nav aria-label="Sections"><a href="#couics">Couics</a><a href="#tags">Tags</a><a href="#exporters">Exporters</a><a href="#events">Events</a><a href="#explain">Explain</a>${secret && html`<a href="#configuration">Configuration</a>`}</nav>
${secret ? LOGOUT : html`<a class="button" href="#login">Log in</a>`}
</header>
<main id="main">
<section id="state" class="state ${state}" aria-labelledby="state-title" data-live>${summary(overview)}</section>
${state !== 'works' && next}
<section id="couics" aria-labelledby="couics-title" data-live><h2 id="couics-title">Couics <small>${couics.length > 0 && counted(couics.length, 'instances')}</small></h2>${couicCards(overview)}</section>
<section id="tags" aria-labelledby="tags-title" data-live><h2 id="tags-title">What blocks most</h2>${tagTables(overview)}</section>
<section id="exporters" aria-labelledby="exporters-title" data-live><h2 id="exporters-title">Where it goes <small>${exporters.length > 0 && counted(exporters.length, 'exporters')}</small></h2>${exporterCards(overview)}</section>
${state === 'works' && next}
${panelSections(withPanels, now)}
${secret ? shownToOwner(secret) : login(problem)}
</main>
<footer><p><code>couic-otel-bridge doctor</code> tries keys, clocks and connections, and says what to do. This page is of <span id="age">${moment(now)}</span>.</p></footer>
</body>
</html>
`.text;
}

const TITLES = { works: 'Works', waiting: 'Waits for Couic', attention: 'Needs a look' } as const;

const LOGOUT = html`<form method="post" action="/logout"><button type="submit">Log out</button></form>`;

function summary({ state, problems, couics, exporters, steps }: Overview): Html {
  const next = steps.length > 0 && html` <a href="#next">What to do next</a>`;
  switch (state) {
    case 'attention':
      return html`<h2 id="state-title">${badge(state)} ${counted(problems.length, 'things')} to look at</h2><ul>${problems.map((each) => html`<li>${each}</li>`)}</ul>`;
    case 'waiting':
      return html`<h2 id="state-title">${badge(state)} The bridge runs, and waits for the first report of Couic</h2><p>${next}</p>`;
    case 'works':
      return html`<h2 id="state-title">${badge(state)} ${counted(couics.filter((each) => each.state === 'works').length, 'Couics')} reporting, ${counted(exporters.length, 'exporters')} without trouble</h2>${next && html`<p>${next}</p>`}`;
  }
}

function login(problem: string | undefined): Html {
  return html`<section id="login" aria-labelledby="login-title"><h2 id="login-title">Addresses, events and the configuration</h2>
<span id="events"></span><span id="explain"></span>
<p>Which addresses are blocked, when and why, is personal data, and shown after a login only: with the <code>token</code> of this page, or with a code that the bridge’s own user is given on its host:</p>
<div class="paste"><div class="where">shell<button type="button" data-copy hidden>Copy</button></div><pre tabindex="0">couic-otel-bridge page   # in a checkout: node dist/src/main.js page
sudo couic-otel-bridge page --state /var/lib/couic-otel-bridge   # under systemd</pre></div>
<form method="post" action="/login" class="row">
<label for="secret">Token or code</label>
<input id="secret" name="secret" type="password" required maxlength="256" autocomplete="current-password" spellcheck="false"${problem && html` aria-invalid="true" aria-describedby="login-problem" autofocus`}>
<button type="submit" class="primary">Log in</button>
</form>
${problem && html`<p class="trouble" id="login-problem" role="alert">${problem}</p>`}
</section>`;
}

function shownToOwner({ explanation, configuration }: SecretParts): Html {
  return html`<section id="events" aria-labelledby="events-title"><h2 id="events-title">As it happens <small id="events-state">needs the page’s script</small></h2>
<p class="controls"><button type="button" id="pause" aria-pressed="false" hidden>Pause</button> <span id="left-out" class="reason"></span></p>
<div class="scroll tall" tabindex="0" role="region" aria-label="Events"><table class="grid"><thead><tr><th scope="col">time</th><th scope="col">Couic</th><th scope="col">what</th><th scope="col">network</th><th scope="col">tag</th><th scope="col">until</th><th scope="col">why</th></tr></thead><tbody id="event-rows"></tbody></table></div>
</section>
<section id="explain" aria-labelledby="explain-title"><h2 id="explain-title">Why is an address blocked?</h2>
<form method="post" action="/explain#explain" class="row" id="explain-form">
<label for="network">Address or network</label>
<input id="network" name="network" required maxlength="64" autocomplete="off" spellcheck="false" placeholder="192.0.2.7 or 2001:db8::/32" value="${asked(explanation)}">
<button type="submit" class="primary">Explain</button>
</form>
<div id="explanation" aria-live="polite">${explanation && explained(explanation)}</div>
</section>
${
  configuration &&
  html`<section id="configuration" aria-labelledby="configuration-title"><h2 id="configuration-title">Configuration</h2>
<details id="configuration-text"><summary>${configuration.from}, read ${moment(configuration.readAt)}; with all defaults, secrets redacted</summary><pre tabindex="0">${configuration.yaml}</pre></details></section>`
}`;
}

function asked(explanation: Explanation | Refused | undefined): string {
  if (explanation === undefined) return '';
  return 'asked' in explanation ? explanation.asked : explanation.network;
}
