import type { RollupEffect } from "../sinks/effects.ts";
import type { Sink, Writer } from "../sinks/sink.ts";

/** Resolves once the sink holds the finals: true; or once the lane is lost: false. */
export function putUntilStored(
  sink: Pick<Sink, "put">,
  { region, lease }: { readonly region: string; readonly lease: Writer },
  rollups: readonly RollupEffect[],
): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const lost = (): void => resolve(false);
  lease.signal.addEventListener("abort", lost);
  const acknowledged = (): void => resolve(true);
  sink.put({ region, readings: [], rollups, acknowledged }, lease).catch(reject);
  return promise.finally(() => lease.signal.removeEventListener("abort", lost));
}
