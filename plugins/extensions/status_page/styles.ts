/** How the page looks: dark or light as the browser is set, from a phone's width on. */
export const STYLES = `
:root {
  color-scheme: light dark;
  --ground: #f5f6f8; --surface: #ffffff; --line: #d9dee5; --text: #1a2029; --soft: #566070;
  --accent: #0f766e; --on-accent: #ffffff; --works: #0b6b4f; --waiting: #2f5fb3; --attention: #a4420b;
  --works-ground: #e2f4ec; --waiting-ground: #e6eefb; --attention-ground: #fdecdf;
  --track: #e6e9ee; --fill: #0f8a80; --high: #c2570c; --code: #eef1f4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0d1117; --surface: #151b23; --line: #2a323d; --text: #e7eaee; --soft: #9da7b4;
    --accent: #2dd4bf; --on-accent: #04211d; --works: #5fd6a8; --waiting: #8db8ff; --attention: #ffb072;
    --works-ground: #10291f; --waiting-ground: #14233c; --attention-ground: #35200f;
    --track: #242c37; --fill: #2ab5a5; --high: #f08c42; --code: #0f141b;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 4.5rem; }
body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
h1, h2, h3, h4, p, dl, dd, ul, ol, figure, pre { margin: 0; padding: 0; }
h1 { font-size: 1.05rem; font-weight: 650; letter-spacing: -0.01em; }
h2 { font-size: 1.15rem; font-weight: 650; margin-bottom: 0.75rem; letter-spacing: -0.01em; }
h3 { font-size: 1rem; font-weight: 600; overflow-wrap: anywhere; }
h4 { font-size: 0.95rem; font-weight: 600; margin: 0.9rem 0 0.4rem; }
small { font-size: 0.82em; font-weight: 400; color: var(--soft); }
a { color: var(--accent); text-underline-offset: 0.18em; }
code, pre { font: 0.88em/1.55 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }
code { background: var(--code); border-radius: 4px; padding: 0.1em 0.35em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: 1rem; top: -4rem; background: var(--accent); color: var(--on-accent); padding: 0.5rem 0.9rem; border-radius: 0 0 6px 6px; z-index: 3; }
.skip:focus { top: 0; }

.top { position: sticky; top: 0; z-index: 2; display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem 1.5rem; padding: 0.6rem clamp(0.9rem, 3vw, 2rem); background: var(--surface); border-bottom: 1px solid var(--line); }
.top .name { display: flex; align-items: center; gap: 0.6rem; }
.version { color: var(--soft); font-size: 0.85rem; }
.top nav { display: flex; flex: 1; gap: 1.1rem; overflow-x: auto; }
.top nav a { color: var(--soft); text-decoration: none; white-space: nowrap; padding: 0.2rem 0; }
.top nav a:hover { color: var(--text); text-decoration: underline; }
main { max-width: 78rem; margin: 0 auto; padding: 1.5rem clamp(0.9rem, 3vw, 2rem) 3rem; display: grid; gap: 2.2rem; }
main > section { min-width: 0; }
footer { max-width: 78rem; margin: 0 auto; padding: 0 clamp(0.9rem, 3vw, 2rem) 2rem; color: var(--soft); font-size: 0.88rem; }

.state { border: 1px solid var(--line); border-left: 5px solid var(--works); border-radius: 10px; background: var(--surface); padding: 1rem 1.25rem; }
.state.waiting { border-left-color: var(--waiting); }
.state.attention { border-left-color: var(--attention); }
.state h2 { margin: 0; display: flex; flex-wrap: wrap; gap: 0.4rem 0.7rem; align-items: center; }
.state ul { margin: 0.6rem 0 0; padding-left: 1.2rem; display: grid; gap: 0.3rem; overflow-wrap: anywhere; }
.state p { margin-top: 0.4rem; }
.badge { display: inline-block; border-radius: 999px; padding: 0.1rem 0.65rem; font-size: 0.82rem; font-weight: 600; white-space: nowrap; line-height: 1.6; letter-spacing: 0; }
.badge.works { color: var(--works); background: var(--works-ground); }
.badge.waiting { color: var(--waiting); background: var(--waiting-ground); }
.badge.attention { color: var(--attention); background: var(--attention-ground); }

.cards { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); }
.cards.small { grid-template-columns: repeat(auto-fit, minmax(min(100%, 16.5rem), 1fr)); }
.card, .pair > div, .steps > li { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.15rem; min-width: 0; }
.card header { display: flex; justify-content: space-between; align-items: baseline; gap: 0.8rem; }
.reason, .empty, figcaption { color: var(--soft); font-size: 0.9rem; }
.trouble { color: var(--attention); overflow-wrap: anywhere; margin-top: 0.4rem; }
.card figure { margin-top: 0.7rem; }
.spark { display: block; width: 100%; height: 42px; border-bottom: 1px solid var(--line); }
.spark .some { fill: var(--fill); }
.spark .none { fill: var(--track); }
.facts { margin-top: 0.8rem; display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); gap: 0.35rem 2.5rem; font-size: 0.92rem; }
.facts > div { display: grid; grid-template-columns: 7.8rem 1fr; gap: 0.8rem; }
.facts.slim { grid-template-columns: 1fr; }
.facts.slim > div { grid-template-columns: 5.5rem 1fr; }
.facts dt { color: var(--soft); }
.facts dd { overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.bar { display: block; width: 100%; height: 6px; border-radius: 3px; }
.facts .bar { height: 4px; margin-top: 0.2rem; }
.bar .track { fill: var(--track); }
.bar .fill { fill: var(--fill); }
.bar.high .fill { fill: var(--high); }

.pair { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); }
.pair h3 { margin-bottom: 0.5rem; }
table { border-collapse: collapse; width: 100%; }
.tags th { text-align: left; font-weight: 400; padding: 0.28rem 0.8rem 0.28rem 0; overflow-wrap: anywhere; width: 42%; }
.tags i { color: var(--soft); }
.tags td { padding: 0.28rem 0; }
.tags .share { width: 40%; }
.number { text-align: right; font-variant-numeric: tabular-nums; padding-left: 0.8rem; }

.steps { list-style: none; display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); counter-reset: step; }
.steps > li { counter-increment: step; }
.steps h3::before { content: counter(step) ". "; color: var(--accent); }
.steps p { margin-top: 0.3rem; }
.paste { margin-top: 0.7rem; border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
.paste .where { display: flex; justify-content: space-between; align-items: center; gap: 1rem; min-height: 2rem; padding: 0.15rem 0.35rem 0.15rem 0.8rem; font-size: 0.82rem; color: var(--soft); border-bottom: 1px solid var(--line); }
pre { background: var(--code); padding: 0.8rem; overflow-x: auto; }
.where { overflow-wrap: anywhere; }
dd.where { font-size: 0.92em; }

.scroll { overflow-x: auto; background: var(--surface); border: 1px solid var(--line); border-radius: 10px; }
.scroll.tall { max-height: 26rem; min-height: 8rem; overflow-y: auto; }
.about { color: var(--soft); margin: -0.4rem 0 0.7rem; }
.scroll + .empty { margin-top: 0.4rem; }
.grid { font-size: 0.9rem; }
.grid th, .grid td { text-align: left; padding: 0.42rem 0.8rem; border-bottom: 1px solid var(--line); white-space: nowrap; vertical-align: top; }
.grid th { color: var(--soft); font-weight: 500; position: sticky; top: 0; background: var(--surface); }
.grid .number { text-align: right; }
.grid td.long { white-space: normal; min-width: 14rem; overflow-wrap: anywhere; }
.grid tbody > tr:last-child > td { border-bottom: 0; }
.grid .more > td { padding-top: 0; white-space: normal; }
.grid .more .scroll { margin-top: 0.5rem; }
.grid tr:has(+ .more) > td { border-bottom: 0; }
.grid .new td { animation: arrive 1.6s ease-out; }
@keyframes arrive { from { background: var(--works-ground); } }
@media (prefers-reduced-motion: reduce) { .grid .new td { animation: none; } }
summary { cursor: pointer; color: var(--accent); width: fit-content; }
details[open] > summary { margin-bottom: 0.5rem; }
.verdict { margin-bottom: 1rem; }
#explanation { margin-top: 1rem; }

.row { display: flex; flex-wrap: wrap; gap: 0.6rem 0.8rem; align-items: center; margin-top: 0.9rem; }
.controls { display: flex; gap: 0.8rem; align-items: center; margin-bottom: 0.6rem; }
.controls:not(:has(button:not([hidden]))) { display: none; }
input { font: inherit; color: inherit; background: var(--surface); border: 1px solid var(--soft); border-radius: 7px; padding: 0.4rem 0.7rem; width: min(100%, 22rem); }
input::placeholder { color: var(--soft); opacity: 1; }
input[aria-invalid="true"] { border-color: var(--attention); }
button, .button { font: inherit; font-size: 0.9rem; color: var(--text); background: var(--surface); border: 1px solid var(--line); border-radius: 7px; padding: 0.32rem 0.8rem; cursor: pointer; text-decoration: none; }
button:hover, .button:hover { border-color: var(--soft); }
button.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); font-weight: 600; padding: 0.42rem 1rem; }
.paste button { border: 0; background: none; color: var(--accent); padding: 0.15rem 0.5rem; }
@media (max-width: 40rem) {
  .top nav { order: 3; flex-basis: 100%; }
  .top { position: static; }
  .facts > div { grid-template-columns: 7rem 1fr; }
}
@media print { .top, #login, .controls { display: none; } }
`;
