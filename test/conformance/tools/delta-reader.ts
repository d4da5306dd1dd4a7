/** OTLP metrics in JSON, as far as it is read here. */
export interface ExportedMetrics {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeMetrics: readonly {
      readonly scope: { readonly name: string };
      readonly metrics?: readonly {
        readonly name: string;
        readonly sum?: { readonly isMonotonic?: boolean; readonly dataPoints: readonly Point[] };
      }[];
    }[];
  }[];
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string };
}

interface Point {
  readonly attributes?: readonly Attribute[];
  readonly startTimeUnixNano: string;
  readonly asDouble?: number;
  readonly asInt?: string;
}

/**
 * Turns cumulative counters into deltas, as the Collector's cumulativetodelta processor and every vendor's receiver do: a
 * new start time, or a value that fell, is a counter that began anew at zero.
 */
export class DeltaReader {
  readonly #last = new Map<string, { start: string; value: number }>();
  readonly #totals = new Map<string, number>();
  readonly #starts = new Map<string, Set<string>>();
  readonly #instances = new Set<string>();

  read(exported: ExportedMetrics): void {
    for (const { resource, scopeMetrics } of exported.resourceMetrics) {
      const instance = resource.attributes.find(({ key }) => key === 'service.instance.id')?.value.stringValue ?? '';
      this.#instances.add(instance);
      for (const { scope, metrics = [] } of scopeMetrics) {
        for (const { name, sum } of metrics) {
          if (!sum?.isMonotonic) continue;
          for (const point of sum.dataPoints) this.#add(name, [instance, scope.name, name, point.attributes], point);
        }
      }
    }
  }

  /** The sum of all deltas of a counter. */
  total(name: string): number {
    return this.#totals.get(name) ?? 0;
  }

  /** The start times that its series had. */
  starts(name: string): string[] {
    return [...(this.#starts.get(name) ?? [])];
  }

  instances(): string[] {
    return [...this.#instances];
  }

  #add(name: string, identity: readonly unknown[], { startTimeUnixNano: start, asDouble, asInt }: Point): void {
    const series = JSON.stringify(identity);
    const value = asDouble ?? Number(asInt);
    const last = this.#last.get(series);
    const begun = last === undefined || last.start !== start || value < last.value;
    this.#totals.set(name, this.total(name) + (begun ? value : value - last.value));
    this.#last.set(series, { start, value });
    this.#starts.set(name, (this.#starts.get(name) ?? new Set()).add(start));
  }
}
