// The differences between the servers and the plan, in words. Pure.
import type { StreamConfig } from "nats";
import type { StreamSpec } from "./spec.ts";

/** Never changed after a stream was created: other values would put a series into another lane. */
const FIXED: ReadonlySet<string> = new Set(["subjects", "mirror", "storage", "retention"]);

/**
 * The differences of a stream from its plan; empty if there are none. Only what the plan says is compared:
 * servers fill in the rest by themselves, each version in its own way.
 */
export function streamDifferences(spec: StreamSpec, found: StreamConfig | null): string[] {
  if (!found) return [`stream ${spec.name} is missing`];
  return (Object.keys(spec) as (keyof StreamSpec)[])
    .filter((key) => key !== "name")
    .flatMap((key) => {
      const [planned, actual] = [comparable(spec, key), comparable(found, key)];
      if (planned === actual) return [];
      const grows = key === "subjects" && spec.description?.startsWith("lanes: ");
      const fixed =
        FIXED.has(key) && !grows ? "; it is fixed, so only recreating the stream changes it" : "";
      return [`stream ${spec.name}: ${key} is ${actual}, planned ${planned}${fixed}`];
    });
}

function comparable(config: Partial<StreamConfig>, key: keyof StreamConfig): string {
  // The server adds to a mirror what nobody asked for.
  if (key === "mirror") {
    const { mirror } = config;
    return mirror ? JSON.stringify([mirror.name, mirror.external?.api]) : "none";
  }
  const value = config[key];
  // A server leaves out what is false.
  if (value === undefined || value === false) return "none";
  return JSON.stringify(Array.isArray(value) ? value.map(String).sort() : value);
}
