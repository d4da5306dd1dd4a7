import type { ConfiguredComponent } from './bridge-config.ts';
import { formatComponentId, parseComponentId } from './component-id.ts';
import type { ServiceConfig } from './service-schema.ts';

/** The components of a section, mostly one. @param refuse - told why there can be none. */
export function splitOf(whole: ConfiguredComponent, refuse: (message: string) => void): ConfiguredComponent[] {
  const { id, canonicalId, factory, config } = whole;
  try {
    const parts = factory.split?.(config);
    if (!parts) return [whole];
    return parts.map(({ name, config: own }) => ({
      id: `${id}/${name}`,
      section: id,
      canonicalId: parseComponentId(`${formatComponentId(canonicalId)}/${name}`)!,
      factory,
      config: own,
    }));
  } catch (error) {
    refuse((error as Error).message);
    return [];
  }
}

/** The pipelines, with the components of a section wherever that stands. */
export function withParts(
  pipelines: ServiceConfig['pipelines'],
  exporters: readonly ConfiguredComponent[],
): ServiceConfig['pipelines'] {
  const partsOf = (id: string) => {
    const parts = exporters.filter(({ section }) => section === id).map((part) => part.id);
    return parts.length > 0 ? parts : [id];
  };
  return Object.fromEntries(
    Object.entries(pipelines).map(([name, pipeline]) => [
      name,
      { ...pipeline, exporters: pipeline.exporters.flatMap(partsOf) },
    ]),
  );
}
