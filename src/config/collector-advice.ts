import type { Path } from './problem.ts';
import { nodeAt, type TreeNode } from './tree.ts';

const PROCESSORS =
  'the bridge has no processors: send the metrics to a Collector with an otlp_http exporter and process them there';

/** Processors for which there is nothing to do here. */
const NEEDLESS = new Set(['batch', 'memory_limiter']);
const LEAVE_OUT =
  'leave this out: exporters of the bridge batch by themselves, and what it holds in memory has bounds without a memory_limiter';
/** Processors that add attributes to the resource. */
const OF_RESOURCE = new Set(['resource', 'resourcedetection', 'resource_detection']);

const SECTIONS: readonly (readonly [path: Path, advice: string])[] = [
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
  const pipelines = nodeAt(root, ['service', 'pipelines']);
  const ids = pipelines?.kind === 'map' ? [...pipelines.entries.keys()] : [];
  for (const path of [['processors'], ...ids.map((id) => ['service', 'pipelines', id, 'processors'])]) {
    const node = nodeAt(root, path);
    if (node) yield { path, message: processorAdvice(namesIn(node)) };
  }
  for (const [path, message] of SECTIONS) if (nodeAt(root, path)) yield { path, message };
}

/** What to say of a pipeline that is not called `metrics` or `metrics/NAME`. */
export function pipelineTypeAdvice(type: string): string {
  return ['traces', 'profiles'].includes(type)
    ? `the bridge has metrics and logs only: send ${type} to a Collector`
    : 'a pipeline is called metrics or logs, or metrics/NAME, logs/NAME when there are several';
}

/** Types of processors: the keys of the section, the items of a pipeline's list. */
function namesIn(node: TreeNode): string[] {
  const ids =
    node.kind === 'map'
      ? [...node.entries.keys()]
      : node.kind === 'list'
        ? node.items.map((item) => (item.kind === 'scalar' ? String(item.value) : ''))
        : [];
  return ids.map((id) => id.split('/')[0]!);
}

function processorAdvice(types: readonly string[]): string {
  if (types.every((type) => NEEDLESS.has(type))) return LEAVE_OUT;
  const notes = [
    ...(types.some((type) => NEEDLESS.has(type)) ? ['batch and memory_limiter are not needed here'] : []),
    ...(types.some((type) => OF_RESOURCE.has(type))
      ? ['attributes of the resource can stand under service.telemetry.resource']
      : []),
  ];
  return [PROCESSORS, ...notes].join('; ');
}
