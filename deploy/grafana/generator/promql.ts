/** Pieces of PromQL that several panels share. No query asks for a job: the same dashboards serve a scrape and a Collector. */

/** The Couics chosen above the dashboard. */
export const CHOSEN = 'couic_instance_name=~"$instance"';
export const BLOCKS = `couic_reports_total{${CHOSEN}, couic_report_action="add", couic_rule_policy="drop"}`;
export const IGNORE_CHANGES = `couic_reports_total{${CHOSEN}, couic_rule_policy="ignore"}`;

const REPORT_LABELS =
  'couic_instance_name, couic_report_action, couic_report_kind, couic_rule_policy, couic_rule_tag, network_type';

/**
 * By how much each total of reports grew in the window, exactly. `increase()` estimates, and misses what brought its
 * series with it: the first blocks of a new tag. Totals of the ledger never fall, so a difference tells; a series that was
 * not there at the window's start counts from zero if its Couic was, and from its first value if Prometheus began later.
 * Grouping by the report's own labels makes an update of the bridge, which changes the scope's version, no new series.
 *
 * @param selector - of `couic_reports_total`.
 * @param window - a PromQL duration, or a variable of Grafana that holds one.
 */
export function gained(selector: string, window: string): string {
  return `(
  max by (${REPORT_LABELS}) (${selector})
- (
    max by (${REPORT_LABELS}) (last_over_time(${selector}[1d] offset ${window}))
  or
    0 * max by (${REPORT_LABELS}) (${selector})
    and on (couic_instance_name) last_over_time(couic_bridge_receiver_accepted_reports_total[1d] offset ${window})
  or
    max by (${REPORT_LABELS}) (min_over_time(${selector}[${window}]))
  )
)`;
}

/** @param selector - of a counter. */
export function perMinute(selector: string, by = ''): string {
  return `sum${by && ` by (${by})`} (rate(${selector}[$__rate_interval])) * 60`;
}

const MAP = 'couic_instance_name, couic_rule_policy, network_type';

/** Used share of each rule map of Couic: it has one for each policy and address family. */
export const MAP_USE = `sum by (${MAP}) (couic_rule_active{${CHOSEN}}) / max by (${MAP}) (couic_rule_limit{${CHOSEN}})`;

/** Every Couic of the bridge's configuration, also one that has never reported: this counter begins at 0 for each. */
export const CONFIGURED = `sum by (couic_instance_name) (couic_bridge_receiver_accepted_reports_total{${CHOSEN}})`;

/** Seconds since the newest report of each Couic that ever reported. */
export const SILENCE = `time() - max by (couic_instance_name) (couic_instance_last_report_timestamp_seconds{${CHOSEN}})`;

/** @param by - labels to keep, separated by commas. */
export function quantile(q: number, metric: string, by = ''): string {
  return `histogram_quantile(${q}, sum by (le${by && `, ${by}`}) (rate(${metric}[$__rate_interval])))`;
}
