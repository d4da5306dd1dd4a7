/* Keys of attributes, and the values with a meaning of their own. The metrics stand with whoever counts: `metrics.ts`. */

export const ATTR = {
  instance: 'couic.instance.name',
  action: 'couic.report.action',
  kind: 'couic.report.kind',
  policy: 'couic.rule.policy',
  tag: 'couic.rule.tag',
  networkType: 'network.type',
  xdpAction: 'couic.xdp.action',
  reason: 'reason',
  exporter: 'exporter',
  notifier: 'notifier',
  receiver: 'receiver',
  attribute: 'attribute',
  httpRoute: 'http.route',
  httpMethod: 'http.request.method',
  httpStatus: 'http.response.status_code',
} as const;

/** What each key stands for, for docs/metrics.md: Markdown. */
export const ATTRIBUTE_VALUES: Readonly<Record<(typeof ATTR)[keyof typeof ATTR], string>> = {
  'couic.instance.name': "which Couic: `name` of its entry in the receiver's configuration",
  'couic.report.action': '`add`, `remove`',
  'couic.report.kind': "`kind` of a report's metadata; `none` for a report without",
  'couic.rule.policy': '`drop`, `ignore`',
  'couic.rule.tag': "the rule's tag; `untagged` for a rule without one",
  'network.type': '`ipv4`, `ipv6`: address family of the rule',
  'couic.xdp.action': 'what the firewall did with a packet: `XDP_DROP`, `XDP_PASS`, …',
  reason: "why something was not taken or not sent; the component's page lists its values",
  exporter: 'id of an exporter in the configuration: `crowdsec`, `crowdsec/edge`',
  receiver: 'id of a receiver in the configuration: `otlp`, `otlp/waf`',
  notifier: 'whom an exporter `digest` tells: `discord`, `webhook/NAME`',
  attribute: 'what ran over its cap: `couic.rule.tag`, `couic.report.kind` or `series`',
  'http.route': 'path of a request, without what is secret in it: `/v1/reports/{token}`',
  'http.request.method': '`POST`, …',
  'http.response.status_code': '`200`, `401`, …',
};

/** Tag of a rule without one; Couic reserves the word. */
export const UNTAGGED = 'untagged';
/** Value that stands for all values beyond an attribute's cap. */
export const OTHER = '_OTHER';
/** Tag of what forgotten tags and kinds had counted, with a number that grows; no tag of Couic has a colon. */
export const FORGOTTEN = '_FORGOTTEN:';
/** `couic.report.kind` of a report without metadata. */
export const NO_KIND = 'none';
