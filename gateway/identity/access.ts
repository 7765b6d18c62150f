// Rights to publish and to subscribe, topic by topic (pure).
//
// A1. A filter is granted only if every topic it matches is covered by one allowed filter.
// A2. A `device` reaches nothing of another device, whatever wildcards it uses.
// A3. Nobody publishes to `alerts/` or `$…`: alerts are the gateway's own words.
// A5. Who may hear what devices say may not therefore read what they have said: readings in the log are granted by themselves,
//     whatever the role.
// A4. The right to relay reaches no topic of ours, whatever wildcards it has.
import type { Device, DeviceRole } from "../../contracts/device.ts";
import {
  type LogFilter,
  isOfLog,
  isReservedTopic,
  parseLogFilter,
} from "../../contracts/names/topics.ts";

interface RoleRights {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  /** `always`, or only where the record says so. */
  readonly alerts: "always" | "granted";
}

/** Stands for the id of the record, as one whole topic level. */
const OWN = "{device}";
const ALERTS = "alerts/#";
/** The gateway's figures of itself (sys-topics.ts). */
const SYS = "$SYS/#";
const COMMANDS = "devices/+/commands/+";
const REPLIES = "devices/+/commands/+/reply";

const ROLES: Readonly<Record<DeviceRole, RoleRights>> = {
  device: {
    publish: [`devices/${OWN}/#`],
    subscribe: [`devices/${OWN}/#`],
    alerts: "granted",
  },
  bridge: {
    publish: ["devices/+/telemetry/#", REPLIES],
    subscribe: [COMMANDS],
    alerts: "granted",
  },
  actuator: { publish: [COMMANDS], subscribe: [REPLIES], alerts: "always" },
  operator: { publish: [COMMANDS], subscribe: ["devices/#", SYS], alerts: "always" },
  observer: { publish: [], subscribe: ["devices/#", SYS], alerts: "always" },
};

/** Rights of one record, compiled once: `publish` runs for every message. */
export interface Rights {
  publish(topic: string): boolean;
  subscribe(filter: string): Hearing;
}

/** The part of what a filter matches that a client hears; `foreign`: that on topics which are not ours. */
export type Hearing = boolean | "foreign";

export function rightsOf(
  device: Pick<Device, "id" | "role" | "alerts" | "topics" | "relay" | "readsLog">,
): Rights {
  const role = ROLES[device.role];
  const own = (filters: readonly string[]): string[][] => [
    ...filters.map((filter) =>
      filter.split("/").map((level) => (level === OWN ? device.id : level)),
    ),
    ...(device.topics ?? []).map((filter) => filter.split("/")),
  ];
  const publish = own(role.publish);
  const subscribe = own(role.subscribe);
  if (role.alerts === "always" || device.alerts === true) subscribe.push(ALERTS.split("/"));
  // What nearly every message of a device hits; the rest is decided level by level.
  const prefix = device.role === "device" ? `devices/${device.id}/` : null;
  const levelsOf = (filters: readonly string[] = []) => filters.map((filter) => filter.split("/"));
  const relayed = {
    publish: levelsOf(device.relay?.publish),
    subscribe: levelsOf(device.relay?.subscribe),
  };
  return {
    publish: (topic) => {
      if (prefix !== null && topic.startsWith(prefix)) return true;
      const levels = topic.split("/");
      return (
        anyCovers(publish, levels) ||
        (!isReservedTopic(topic) && anyCovers(relayed.publish, levels)) // A4
      );
    },
    subscribe: (filter) => {
      if (isOfLog(filter)) return coversLog(device.readsLog ?? [], filter); // A5
      const levels = filter.split("/");
      if (anyCovers(subscribe, levels)) return true;
      const isRelayed = !isReservedTopic(filter) && anyCovers(relayed.subscribe, levels);
      return isRelayed && "foreign"; // A4
    },
  };
}

/** True if all readings that a filter stands for are granted by one of `allowed`. */
function coversLog(allowed: readonly string[], filter: string): boolean {
  const wanted = parseLogFilter(filter);
  const covers = ({ contract, device }: LogFilter): boolean =>
    (contract === null || contract === wanted?.contract) &&
    (device === null || device === wanted?.device);
  return wanted !== null && allowed.some((one) => covers(parseLogFilter(`$log/${one}`)!));
}

/** Anonymous clients, where they are let in at all: all but `alerts/`, `$…` and registered devices. */
export function anonymousMayPublish(topic: string, isRegistered: (id: string) => boolean): boolean {
  const [first, second] = topic.split("/", 2);
  if (first === undefined || first.startsWith("$") || first === "alerts") return false; // A3
  return first !== "devices" || second === undefined || !isRegistered(second);
}

/**
 * True if every topic that filter `wanted` matches is matched by filter `allowed` as well (A1). A
 * topic name is a filter without wildcards. Rules of matching: MQTT 5, 4.7.1 and 4.7.2.
 */
export const covers = (allowed: string, wanted: string): boolean =>
  levelsCover(allowed.split("/"), wanted.split("/"));

const anyCovers = (allowed: readonly (readonly string[])[], wanted: readonly string[]): boolean =>
  allowed.some((levels) => levelsCover(levels, wanted));

function levelsCover(allowed: readonly string[], wanted: readonly string[]): boolean {
  const [first = ""] = allowed;
  // A leading wildcard does not match topics that start with $ [MQTT-4.7.2-1].
  if ((first === "+" || first === "#") && wanted[0]!.startsWith("$")) return false;
  // `#` and `+/#` match the same topics: those of one level or more.
  if (wanted[0] === "#") return first === "#" || (first === "+" && allowed[1] === "#");
  for (let at = 0; at < allowed.length; at++) {
    const level = allowed[at];
    if (level === "#") return true; // `a/#` matches `a` too [MQTT-4.7.1-2].
    const other = wanted[at];
    if (other === undefined || other === "#") return false;
    if (level !== "+" && level !== other) return false;
  }
  return wanted.length === allowed.length;
}

/** The record that a client id belongs to: the id itself, or what is before its first `/`. */
export function ownerOfClientId(clientId: string): string {
  const slash = clientId.indexOf("/");
  return slash === -1 ? clientId : clientId.slice(0, slash);
}

/**
 * `boiler-7` may connect as `boiler-7`, as `boiler-7/anything`, or with an empty client id that the
 * broker fills in. An id holds no `/`, so no two records can claim one client id, and none can take
 * over another's session.
 */
export const mayUseClientId = (id: string, clientId: string): boolean =>
  clientId === "" || ownerOfClientId(clientId) === id;
