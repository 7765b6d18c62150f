import { RESOURCE } from "./names.ts";

/** The process that speaks. */
export interface Service {
  /** `gateway`, `aggregator`, … */
  readonly name: string;
  /** Absent for a process of no region. */
  readonly region?: string;
  /** Tells processes of one name apart. */
  readonly instance: string;
  readonly version: string;
}

/** Attributes of everything that a process sends, by their names in the semantic conventions. */
export const resourceAttributes = (service: Service): Record<string, string | number> => ({
  [RESOURCE.namespace]: "skerry",
  [RESOURCE.name]: service.name,
  [RESOURCE.version]: service.version,
  [RESOURCE.instance]: service.instance,
  ...(service.region === undefined ? {} : { [RESOURCE.region]: service.region }),
  [RESOURCE.pid]: process.pid,
  [RESOURCE.runtimeName]: "nodejs",
  [RESOURCE.runtimeVersion]: process.versions.node,
});

/** The same as labels of `target_info`: Prometheus knows no dots. */
export const targetLabels = (service: Service): Record<string, string> =>
  Object.fromEntries(
    Object.entries(resourceAttributes(service)).map(([name, value]) => [
      name.replaceAll(".", "_"),
      String(value),
    ]),
  );
