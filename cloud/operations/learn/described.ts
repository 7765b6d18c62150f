// What devices and bridges say of themselves (pure): Home Assistant discovery, and Zigbee2MQTT's list of devices.
import type { Parsed } from "./sample.ts";

/** Facts about one value of a topic's messages. */
export interface Description {
  /** As its author wrote it. */
  readonly unit?: string;
  readonly min?: number;
  readonly max?: number;
  /** The quantity: a device class, or the name of the entity. */
  readonly quantity?: string;
  /** The device, by its identifier. */
  readonly device?: string;
}

/** Descriptions by JSON Pointer, for each topic; `""` is the whole payload. */
export type Described = ReadonlyMap<string, ReadonlyMap<string, Description>>;

type Text = Readonly<Record<string, unknown>>;

/** The long names of members that Home Assistant's discovery abbreviates. */
const LONG: Readonly<Record<string, string>> = {
  stat_t: "state_topic",
  val_tpl: "value_template",
  unit_of_meas: "unit_of_measurement",
  dev_cla: "device_class",
  dev: "device",
  ids: "identifiers",
  obj_id: "object_id",
  uniq_id: "unique_id",
};

export const isDiscoveryTopic = (topic: string): boolean =>
  /^[^/]+\/[a-z_]+\/.+\/config$/.test(topic);
export const isBridgeTopic = (topic: string): boolean => /^[^/]+\/bridge(?:\/|$)/.test(topic);

export function describedIn(parsed: readonly Parsed[]): Described {
  const all = new Map<string, Map<string, Description>>();
  const add = (topic: string, pointer: string, description: Description): void => {
    let of = all.get(topic);
    if (!of) all.set(topic, (of = new Map<string, Description>()));
    of.set(pointer, { ...of.get(pointer), ...description });
  };
  for (const { sample, kind, value } of parsed) {
    if (kind === "object" && isDiscoveryTopic(sample.topic))
      addDiscovered(value as Text, sample.topic, add);
    if (kind === "array" && /\/bridge\/devices$/.test(sample.topic))
      addExposed(value as unknown[], sample.topic.split("/")[0]!, add);
  }
  return all;
}

type Add = (topic: string, pointer: string, description: Description) => void;

const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;
const number = (value: unknown): number | undefined =>
  typeof value === "number" ? value : undefined;

function addDiscovered(config: Text, topic: string, add: Add): void {
  const long = lengthened(config);
  const stateTopic = text(long["state_topic"])?.replace(/^~|~$/, text(long["~"]) ?? "~");
  const pointer = templatePointer(text(long["value_template"]));
  if (stateTopic === undefined || pointer === null) return;
  const device =
    typeof long["device"] === "object" && long["device"] !== null
      ? lengthened(long["device"] as Text)
      : {};
  const [identifier] = [device["identifiers"]].flat();
  const unit = text(long["unit_of_measurement"]);
  const quantity = text(long["device_class"]) ?? text(long["object_id"]) ?? topic.split("/").at(-2);
  const id = text(identifier) ?? text(device["name"]);
  add(stateTopic, pointer, {
    ...(unit === undefined ? {} : { unit }),
    ...(quantity === undefined ? {} : { quantity }),
    ...(id === undefined ? {} : { device: id }),
  });
}

const lengthened = (short: Text): Text =>
  Object.fromEntries(Object.entries(short).map(([name, value]) => [LONG[name] ?? name, value]));

const MEMBER = String.raw`(?:\.[A-Za-z_]\w*|\[\s*(?:'[^']+'|"[^"]+"|\d+)\s*\])`;
const TEMPLATE = new RegExp(
  String.raw`^\{\{-?\s*(?:value|value_json((?:${MEMBER})*))\s*(?:\|[^{}]*)?-?\}\}$`,
);

/** The member that a simple template names: `{{ value_json.a['b'] | round(1) }}`; null for any other template. */
export function templatePointer(template: string | undefined): string | null {
  if (template === undefined) return "";
  const match = TEMPLATE.exec(template.trim());
  if (!match) return null;
  const members = match[1]?.match(new RegExp(MEMBER, "g")) ?? [];
  return members
    .map((member) => member.replace(/^\.|^\[\s*['"]?|['"]?\s*\]$/g, ""))
    .map((token) => `/${token.replaceAll("~", "~0").replaceAll("/", "~1")}`)
    .join("");
}

function addExposed(devices: readonly unknown[], base: string, add: Add): void {
  for (const device of devices) {
    if (typeof device !== "object" || device === null) continue;
    const { friendly_name: name, definition } = device as Text;
    const exposes = (definition as Text | null | undefined)?.["exposes"];
    if (typeof name !== "string" || !Array.isArray(exposes)) continue;
    for (const one of exposes.flatMap(featuresOf)) {
      const property = text(one["property"]);
      if (property === undefined) continue;
      const [unit, min, max] = [
        text(one["unit"]),
        number(one["value_min"]),
        number(one["value_max"]),
      ];
      add(`${base}/${name}`, `/${property}`, {
        ...(unit === undefined ? {} : { unit }),
        ...(min === undefined ? {} : { min }),
        ...(max === undefined ? {} : { max }),
        quantity: property,
      });
    }
  }
}

/** Switches and lights have their values one level deeper. */
const featuresOf = (expose: unknown): Text[] => {
  if (typeof expose !== "object" || expose === null) return [];
  const { features } = expose as Text;
  return Array.isArray(features) ? features.flatMap(featuresOf) : [expose as Text];
};
