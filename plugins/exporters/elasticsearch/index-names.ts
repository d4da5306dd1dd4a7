import { z } from 'zod';

/** Bytes of an index's name, and of a part of a data stream's. */
const MOST_NAME = 255;
const MOST_PART = 100;

/** What no name of an index holds, and a dataset no hyphen either. @see https://www.elastic.co/docs/reference/ecs/ecs-data_stream */
const FORBIDDEN = /[\\/*?"<>| ,#:\p{Cc}]/u;
const EACH_FORBIDDEN = new RegExp(FORBIDDEN, 'gu');

/** @returns why no index and no data stream can have that name, if so. */
export function indexNameProblem(name: string): string | undefined {
  if (name !== name.toLowerCase()) return 'the name of an index has no capital letters';
  if (FORBIDDEN.test(name)) return 'the name of an index has none of \\ / * ? " < > | , # : and no space';
  if (/^[-_+]/.test(name) || name === '.' || name === '..' || name === '') return 'is not the name of an index';
  if (Buffer.byteLength(name) > MOST_NAME) return `the name of an index has at most ${MOST_NAME} bytes`;
  return undefined;
}

/** `data_stream.dataset` or `data_stream.namespace`. */
export const dataStreamPart = (part: 'dataset' | 'namespace') =>
  z.string().superRefine((text, context) => {
    const hyphen =
      part === 'dataset' && text.includes('-') ? 'a dataset has no hyphen, which stands between the parts' : undefined;
    const long = Buffer.byteLength(text) > MOST_PART ? `has more than ${MOST_PART} bytes` : undefined;
    const problem = hyphen ?? long ?? indexNameProblem(text);
    if (problem) context.addIssue({ code: 'custom', message: problem });
  });

/** Where events go. */
interface Target {
  readonly index: string;
  /** Undefined for an index whose name says nothing of its data stream. */
  readonly dataStream?: { readonly type: 'logs'; readonly dataset: string; readonly namespace: string };
}

export interface TargetNames {
  readonly logs_index?: string | undefined;
  readonly logs_dynamic_index: { readonly enabled: boolean };
  readonly data_stream: { readonly dataset: string; readonly namespace: string };
}

/** Where the events of an instance go. */
export function targetOf({ logs_index, logs_dynamic_index, data_stream }: TargetNames, instance: string): Target {
  if (logs_index !== undefined) return { index: logs_index };
  const { dataset } = data_stream;
  const namespace = logs_dynamic_index.enabled ? asPart(instance) : data_stream.namespace;
  return { index: `logs-${dataset}-${namespace}`, dataStream: { type: 'logs', dataset, namespace } };
}

/** The Collector writes `_` for what a name may not have, too. */
function asPart(instance: string): string {
  const allowed = instance.toLowerCase().replace(EACH_FORBIDDEN, '_');
  return Buffer.from(allowed)
    .subarray(0, MOST_PART)
    .toString()
    .replace(/\ufffd+$/, '');
}
