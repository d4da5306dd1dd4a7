import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from '@opentelemetry/resources';

const SERVICE_NAME = 'couic-otel-bridge';

interface ResourceOptions {
  /** `service.version`. */
  version: string;
  /** `service.instance.id`: the same over restarts, another for each installation. */
  instanceId: string;
  /**
   * `service.telemetry.resource` of the configuration: wins over everything else; undefined takes an attribute away.
   */
  configured?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Told when OTEL_RESOURCE_ATTRIBUTES is set and cannot be read; it is left out as a whole then, as its specification says. */
  onInvalid?: (message: string) => void;
}

/**
 * What is measured: this bridge. `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME` win over our defaults, and the
 * configuration over both.
 * @see https://opentelemetry.io/docs/specs/otel/resource/sdk/#specifying-resource-information-via-an-environment-variable
 */
export function createResource(options: ResourceOptions): Resource {
  const ours = resourceFromAttributes({
    'service.name': SERVICE_NAME,
    'service.version': options.version,
    'service.instance.id': options.instanceId,
  });
  const given = detectResources({ detectors: [envDetector] });
  if (isIgnored(process.env.OTEL_RESOURCE_ATTRIBUTES, given)) {
    options.onInvalid?.(
      'OTEL_RESOURCE_ATTRIBUTES is ignored: it has to be key=value pairs with commas between them; a comma, an equals sign or a percent sign inside a value is written %2C, %3D or %25',
    );
  }
  const { attributes } = defaultResource().merge(ours).merge(given);
  const wanted = Object.entries({ ...attributes, ...options.configured });
  return resourceFromAttributes(Object.fromEntries(wanted.filter(([, value]) => value !== undefined)));
}

/** The detector takes all pairs or none, and says nothing that a user would see: so look for the first one. */
function isIgnored(raw: string | undefined, given: Resource): boolean {
  const pairs = raw?.split(',').filter((pair) => pair.trim() !== '') ?? [];
  if (pairs.length === 0) return false;
  try {
    return given.attributes[decodeURIComponent(pairs[0]!.split('=')[0]!.trim())] === undefined;
  } catch {
    return true;
  }
}
