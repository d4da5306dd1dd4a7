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
  attribute: 'attribute',
  httpRoute: 'http.route',
  httpMethod: 'http.request.method',
  httpStatus: 'http.response.status_code',
} as const;

/** Tag of a rule without one; Couic reserves the word. */
export const UNTAGGED = 'untagged';
/** Value that stands for all values beyond an attribute's cap. */
export const OTHER = '_OTHER';
/** Tag of what forgotten tags and kinds had counted, with a number that grows; no tag of Couic has a colon. */
export const FORGOTTEN = '_FORGOTTEN:';
/** `couic.report.kind` of a report without metadata. */
export const NO_KIND = 'none';
