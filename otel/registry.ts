import { CONTENT_TYPES, type SpecWithPoints, exposition, formatFor } from "./exposition.ts";
import { type Labels, type MetricSpec, metricFamily, pointsOf } from "./metrics.ts";

/** The metrics of one process, read at the moment of asking. */
export class MetricRegistry {
  readonly #target: Labels;
  readonly #own: Labels;
  readonly #specs = new Map<string, MetricSpec>();

  /** `target` describes the process in `target_info`; `own` are labels of every series that has no other of that name. */
  constructor(target: Labels, own: Labels) {
    this.#target = target;
    this.#own = own;
  }

  /** @throws RangeError for a name that Prometheus could not tell from one that is here already. */
  add(specs: readonly MetricSpec[]): void {
    for (const spec of specs) {
      const { name } = metricFamily(spec);
      if (this.#specs.has(name)) throw new RangeError(`two metrics are ${name}`);
      this.#specs.set(name, spec);
    }
  }

  /** Every metric with its series. */
  collect(): SpecWithPoints[] {
    return [...this.#specs.values()].map((spec) => {
      const { name, kind, unit, doc } = spec;
      return { name, kind, unit, doc, points: pointsOf(spec, this.#own) };
    });
  }

  /** The body of `/metrics`, in the format that a request with this `Accept` prefers. */
  answer(accept: string): { contentType: string; body: string } {
    const format = formatFor(accept);
    const body = exposition(format, this.#target, this.collect());
    return { contentType: CONTENT_TYPES[format], body };
  }
}
