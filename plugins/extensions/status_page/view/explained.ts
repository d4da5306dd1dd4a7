import type {
  Explanation,
  History,
  InstanceExplanation,
  PastEvent,
  ShownRule,
} from '../../../../src/service/admin/rules.ts';
import { type Html, html } from '../html.ts';
import { count, counted, moment } from './format.ts';

/** Words of a person who asked for something that is no address. */
export interface Refused {
  readonly asked: string;
  readonly message: string;
}

/** What is known of an address or a network. */
export function explained(answer: Explanation | Refused): Html {
  if ('message' in answer) return html`<p class="trouble" role="alert">“${answer.asked}”: ${answer.message}</p>`;
  const { network, at, instances, history } = answer;
  return html`<h3>${network} <small>${moment(at)}</small></h3>
${instances.length === 0 && html`<p>No Couic has sent a report yet.</p>`}
${instances.map(ofCouic)}
${past(history)}`;
}

function ofCouic({ instance, verdict, rules, inside, compared }: InstanceExplanation): Html {
  const within = inside.drop + inside.ignore;
  return html`<div class="verdict"><h4>${instance}: ${sentence(verdict, rules)}</h4>
${rules.length > 0 && ruleTable(rules)}
${within > 0 && html`<p>Inside of it: ${counted(inside.drop, 'drop rules')} and ${counted(inside.ignore, 'ignore rules')}${inside.shown.length < within && `, ${count(inside.shown.length)} shown`}.</p>${ruleTable(inside.shown)}`}
<p class="reason">${compared === null ? 'Never compared with Couic’s own list: rules of peers and set files are not known here (receiver couic_api).' : html`Compared with Couic’s own list ${moment(compared.at)}: ${compared.drift === 0 ? 'no difference' : `${counted(compared.drift, 'rules')} apart`}.`}</p></div>`;
}

function sentence(verdict: InstanceExplanation['verdict'], [rule]: readonly ShownRule[]): string {
  switch (verdict) {
    case 'ignore':
      return `let through, by the ignore rule for ${rule!.network}, which Couic asks first`;
    case 'drop':
      return `blocked, by the drop rule for ${rule!.network}`;
    case 'partly':
      return 'no rule holds for all of it, but some do for parts';
    case 'none':
      return 'no rule in force, packets pass';
  }
}

/** @param time - ms since the epoch; null for never. */
function end(time: number | null): Html | string {
  return time === null ? 'never' : moment(time);
}

function ruleTable(rules: readonly ShownRule[]): Html {
  const rows = rules.map(
    ({ policy, network, tag, since, until }) =>
      html`<tr><td>${policy}</td><td>${network}</td><td>${tag ?? '–'}</td><td>${moment(since)}</td><td>${end(until)}</td></tr>`,
  );
  return grid(['policy', 'network', 'tag', 'since', 'until'], rows);
}

function past({ events, from, truncated, problem }: History): Html {
  const reach =
    from === null ? 'The log holds nothing since the last snapshot' : html`The log was read back to ${moment(from)}`;
  return html`<h4>What happened</h4><p class="reason">${reach}${truncated && `; the newest ${events.length} are shown`}${problem && `; it could not be read: ${problem}`}.</p>
${events.length > 0 && grid(['time', 'Couic', 'what', 'policy', 'network', 'tag', 'kind'], events.map(pastRow))}`;
}

function pastRow({ time, instance, what, policy, network, tag, kind }: PastEvent): Html {
  return html`<tr><td>${moment(time)}</td><td>${instance}</td><td>${what}</td><td>${policy}</td><td>${network}</td><td>${tag ?? '–'}</td><td>${kind ?? '–'}</td></tr>`;
}

function grid(columns: readonly string[], rows: readonly Html[]): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${columns.join(', ')}"><table class="grid"><thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div>`;
}
