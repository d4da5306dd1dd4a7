import type { AnyFactory } from '../service/component.ts';
import type { ComponentId } from './component-id.ts';
import type { Path, Position } from './problem.ts';
import type { ServiceConfig } from './service-schema.ts';

export type Kind = AnyFactory['kind'];

/** A component as the configuration describes it. */
export interface ConfiguredComponent<F extends AnyFactory = AnyFactory> {
  /** As written: `crowdsec/edge`. */
  readonly id: string;
  /** The section that it is a part of, when that makes several. */
  readonly section?: string;
  /** With the factory's own type where an alias was written. Names durable state, so that it survives the change. */
  readonly canonicalId: ComponentId;
  readonly factory: F;
  /** What the factory's schema made of it. */
  readonly config: unknown;
}

/** A configuration that was checked: every reference has its component. */
export interface BridgeConfig {
  /** Those in use, in the order of the file; extensions in the order of `service.extensions`. */
  readonly receivers: readonly ConfiguredComponent<Extract<AnyFactory, { kind: 'receiver' }>>[];
  readonly exporters: readonly ConfiguredComponent<Extract<AnyFactory, { kind: 'exporter' }>>[];
  readonly extensions: readonly ConfiguredComponent<Extract<AnyFactory, { kind: 'extension' }>>[];
  readonly service: ServiceConfig;
  /** Where something was written, for problems that show only when components are built. */
  positionOf(path: Path): Position;
}
