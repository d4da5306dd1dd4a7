// Of both sides: the bridge writes it, the page reads it.
/** An event in the words of the page's table: all of it text, with nothing in it that turns or hides any. */
export interface ShownEvent {
  /** Never given twice. */
  readonly id: string;
  /** ISO 8601. */
  readonly time: string;
  readonly instance: string;
  /** `added`, `removed`, `expired`, `brought in`, `taken out`, `not valid`. */
  readonly what: string;
  /** `drop`, `ignore`; empty for a report that was not valid. */
  readonly policy: string;
  readonly network: string;
  readonly tag: string;
  /** ISO 8601, `never`, or empty. */
  readonly until: string;
  /** Kind and detail of its metadata, or why it was not valid. */
  readonly why: string;
}
