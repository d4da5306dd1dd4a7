/*
 * Runs in the browser, from a file of its own: keeps the page up to date while somebody looks at it, and shows events as they
 * come. It makes text of all that it is told, never markup; the page itself comes from the bridge, which has escaped it.
 */

import type { ShownEvent } from './shown-event.ts';

/** Milliseconds from one look to the next, while the page is in front. */
const REFRESH = 5000;
/** Rows of events that stay. */
const MOST_ROWS = 200;

const byId = (id: string) => document.getElementById(id);

/** The page anew, as the bridge has it now. */
async function load(): Promise<Document> {
  const response = await fetch('/', { redirect: 'error' });
  if (!response.ok) throw new Error(`the bridge answers ${response.status}`);
  return new DOMParser().parseFromString(await response.text(), 'text/html');
}

/** Takes over what changed: not what somebody is using, and what they opened stays open. */
function takeOver(next: Document): void {
  document.title = next.title;
  const sections = Array.from(next.querySelectorAll('[data-live]'));
  for (const old of Array.from(document.querySelectorAll('[data-live]'))) {
    if (!sections.some(({ id }) => id === old.id) && !old.contains(document.activeElement)) old.remove();
  }
  let before: Element | null = null;
  for (const section of sections) {
    const old = byId(section.id);
    if (!old) {
      if (before) before.after(section);
      else byId('main')?.prepend(section);
      enhance(section);
      before = section;
      continue;
    }
    before = old;
    const isUsed =
      old.contains(document.activeElement) || (getSelection()?.containsNode(old, true) && !getSelection()?.isCollapsed);
    if (isUsed || old.innerHTML === section.innerHTML) continue;
    for (const open of Array.from(old.querySelectorAll('details[open]'))) {
      section.querySelector(`#${CSS.escape(open.id)}`)?.setAttribute('open', '');
    }
    const scrolled = Array.from(old.querySelectorAll('.scroll'), ({ scrollLeft }) => scrollLeft);
    old.className = section.className;
    old.replaceChildren(...Array.from(section.childNodes));
    for (const [index, each] of Array.from(old.querySelectorAll('.scroll')).entries())
      each.scrollLeft = scrolled[index] ?? 0;
    enhance(old);
  }
  const age = next.getElementById('age');
  if (age) byId('age')?.replaceChildren(...Array.from(age.childNodes));
}

async function refresh(): Promise<void> {
  if (document.visibilityState === 'hidden') return;
  try {
    takeOver(await load());
  } catch {
    byId('age')?.replaceChildren('a moment ago: the bridge does not answer now');
  }
}

/** What needs a script is shown only where there is one. */
function enhance(part: ParentNode): void {
  for (const button of Array.from(part.querySelectorAll<HTMLButtonElement>('[data-copy]'))) {
    // Browsers let pages copy over HTTPS and on loopback.
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(button.closest('.paste')?.querySelector('pre')?.textContent ?? '');
      button.textContent = 'Copied';
      setTimeout(() => {
        button.textContent = 'Copy';
      }, 2000);
    });
  }
}

function cell(text: string, className = ''): HTMLTableCellElement {
  const made = document.createElement('td');
  made.textContent = text;
  made.className = className;
  return made;
}

function shortTime(iso: string): string {
  return /^\d{4}-/.test(iso) ? `${iso.slice(0, 10)} ${iso.slice(11, 19)}` : iso;
}

function rowOf({ time, instance, what, policy, network, tag, until, why }: ShownEvent): HTMLTableRowElement {
  const row = document.createElement('tr');
  row.className = 'new';
  const said = policy === 'ignore' ? `${what} (ignore)` : what;
  row.append(
    cell(time.slice(11, 19)),
    cell(instance),
    cell(said),
    cell(network),
    cell(tag),
    cell(shortTime(until)),
    cell(why, 'long'),
  );
  row.firstElementChild?.setAttribute('title', time);
  return row;
}

function follow(): void {
  const rows = byId('event-rows');
  const state = byId('events-state');
  const pause = byId('pause') as HTMLButtonElement | null;
  const leftOut = byId('left-out');
  if (!rows || !state || !pause || !leftOut) return;
  let source: EventSource | undefined;
  const seen: string[] = [];
  const begin = () => {
    state.textContent = 'connecting';
    source = new EventSource('/events');
    source.onopen = () => {
      state.textContent = 'live, times are UTC';
    };
    source.onerror = () => {
      state.textContent =
        source?.readyState === EventSource.CLOSED
          ? 'not live: log in again'
          : 'the bridge does not answer; trying again';
    };
    source.onmessage = ({ data }) => {
      const { events, leftOut: some } = JSON.parse(data as string) as { events: ShownEvent[]; leftOut: boolean };
      // The first message after a break has what was shown before it.
      const news = events.filter(({ id }) => !seen.includes(id));
      seen.push(...news.map(({ id }) => id));
      seen.splice(0, Math.max(0, seen.length - MOST_ROWS));
      rows.prepend(...news.map(rowOf).reverse());
      while (rows.children.length > MOST_ROWS) rows.lastElementChild?.remove();
      leftOut.textContent = some ? 'The newest are shown; there were more.' : '';
    };
  };
  pause.hidden = false;
  pause.addEventListener('click', () => {
    const isPaused = pause.getAttribute('aria-pressed') === 'true';
    pause.setAttribute('aria-pressed', String(!isPaused));
    if (isPaused) begin();
    else {
      source?.close();
      state.textContent = 'paused';
    }
  });
  begin();
}

/** Answers in place: the page and its events stay as they are. */
function explainInPlace(): void {
  const form = byId('explain-form') as HTMLFormElement | null;
  form?.addEventListener('submit', async (event) => {
    event.preventDefault();
    const place = byId('explanation');
    if (!place) return;
    try {
      const body = new URLSearchParams({ network: String(new FormData(form).get('network') ?? '') });
      const response = await fetch('/explain', { method: 'POST', body });
      if (!response.ok) throw new Error(await response.text());
      const answer = new DOMParser().parseFromString(await response.text(), 'text/html').getElementById('explanation');
      place.replaceChildren(...Array.from(answer?.childNodes ?? []));
    } catch (error) {
      place.textContent = `Not answered: ${(error as Error).message}`;
    }
  });
}

enhance(document);
follow();
explainInPlace();
setInterval(() => void refresh(), REFRESH);
document.addEventListener('visibilitychange', () => void refresh());
