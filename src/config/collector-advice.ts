import type { Path } from './problem.ts';
import { nodeAt, type TreeNode } from './tree.ts';

const PROCESSORS =
  'the bridge has no processors: send the metrics to a Collector with an otlp_http exporter and process them there';

const SECTIONS: readonly (readonly [path: Path, advice: string])[] = [
  [['processors'], PROCESSORS],
  [
    ['connectors'],
    'the bridge has no connectors: send the metrics to a Collector with an otlp_http exporter and connect them there',
  ],
  [
    ['file_format'],
    'this file is a declarative configuration of an OpenTelemetry SDK, which goes by the same name; the bridge takes the ' +
      'format of a Collector: receivers, exporters, extensions, service',
  ],
  [
    ['service', 'telemetry', 'metrics'],
    "the bridge's own metrics go where all others go, to the exporters of the pipelines: leave this out",
  ],
  [['service', 'telemetry', 'traces'], 'the bridge makes no traces: leave this out'],
];

/** Sections that a Collector's file has, or another file of the same name, and the bridge not: what to do instead. */
export function* collectorAdvice(root: TreeNode): Generator<{ path: Path; message: string }> {
  for (const [path, message] of SECTIONS) if (nodeAt(root, path)) yield { path, message };
  const pipelines = nodeAt(root, ['service', 'pipelines']);
  for (const id of pipelines?.kind === 'map' ? pipelines.entries.keys() : []) {
    const path = ['service', 'pipelines', id, 'processors'];
    if (nodeAt(root, path)) yield { path, message: PROCESSORS };
  }
}

/** What to say of a pipeline that is not called `metrics` or `metrics/NAME`. */
export function pipelineTypeAdvice(type: string): string {
  return ['traces', 'profiles'].includes(type)
    ? `the bridge has metrics and logs only: send ${type} to a Collector`
    : 'a pipeline is called metrics or logs, or metrics/NAME, logs/NAME when there are several';
}
