// Devices: who may connect, and what was last heard of each.
import {
  DEVICE_ROLES,
  type DeviceRole,
  type RelayRights,
  deviceIdProblem,
} from "../../../contracts/device.ts";
import { SNAPSHOT_POINTS, sparkline } from "../series/sparkline.ts";
import { changedDevice, newSecret, revoked } from "../../operations/devices/change.ts";
import { openDeviceStore } from "../../operations/devices/store.ts";
import type { Hub } from "../hub.ts";
import type { DeviceWatch, KnownDevice } from "../live/device-watch.ts";
import type { EventLog } from "../live/event-log.ts";
import { Problem, invalid, notFound } from "./problem.ts";
import { type Route, route } from "./route.ts";
import {
  anything,
  flag,
  integer,
  limit,
  list,
  number,
  object,
  oneOf,
  orNull,
  query,
  text,
  timeMs,
} from "./schema.ts";
import { EVENT } from "./activity.ts";

const ID = object({ id: text("the device's id") });

const RELAY = object(
  {
    publish: list(text(), "filters of topics that it may publish on for other clients"),
    subscribe: list(text(), "filters that it may subscribe to"),
  },
  { optional: ["publish", "subscribe"] },
);

const REGISTERED = object(
  {
    id: text(),
    role: oneOf(DEVICE_ROLES),
    credentials: list(oneOf(["secret", "password", "certificate"]), "kinds, never the secrets"),
    alerts: flag("may read alerts/#"),
    topics: list(text(), "topic filters of its own outside devices/"),
    relay: RELAY,
    readsLog: list(text(), "readings of the region's log that it may read in a group"),
    speaksFor: list(text(), "of a bridge: the devices it speaks for, * for any characters"),
    createdAtMs: timeMs("when it was registered"),
    renewedAtMs: timeMs("when it was last let in again after a revocation"),
    revokedAtMs: timeMs("when it was revoked"),
  },
  {
    optional: [
      ...["alerts", "topics", "relay", "readsLog", "speaksFor"],
      ...["renewedAtMs", "revokedAtMs"],
    ],
  },
);

const READING = object({
  contract: text(),
  version: integer(),
  tsMs: timeMs("the time that the device says"),
  receivedMs: timeMs("when its gateway received it"),
  topic: orNull(text()),
  mapping: orNull(text("the mapping entry that took it")),
  values: anything("the payload"),
});

const DEVICE = object({
  id: text(),
  skewMs: orNull(
    number("by how much its clock is behind; 0 if it is right, as far as can be told"),
  ),
  registered: orNull(REGISTERED),
  heard: orNull(
    object({
      region: text(),
      gateway: text(),
      lastMs: timeMs("when it was last heard"),
      readings: list(READING, "its last reading under each contract"),
    }),
  ),
});

const UNITS = list(
  object({ contract: text(), field: text(), unit: orNull(text("UCUM code")) }),
  "units of the fields of its contracts",
);

/** The record as the answer holds it. */
function shown({ id, registered, heard }: KnownDevice) {
  if (!heard) return { id, registered, heard, skewMs: null };
  const { skewMs, readings, ...rest } = heard;
  return { id, registered, skewMs, heard: { ...rest, readings: [...readings.values()] } };
}

const SECRET = object({
  device: REGISTERED,
  secret: text("shown only now: the MQTT password, with the id as user name"),
});

interface Wanted {
  readonly id: string;
  readonly role?: DeviceRole;
  readonly topics?: readonly string[];
  readonly relay?: RelayRights;
  readonly readsLog?: readonly string[];
  readonly speaksFor?: readonly string[];
  readonly alerts?: boolean;
}

interface Parts {
  readonly hub: Hub;
  readonly devices: DeviceWatch;
  readonly events: EventLog;
}

export const deviceRoutes = (parts: Parts): Route[] => [
  ...lookingRoutes(parts),
  ...registeringRoutes(parts),
];

const lookingRoutes = ({ hub, devices, events }: Parts): Route[] => [
  route<unknown, { search?: string; region?: string; after?: string; limit: number }>({
    method: "GET",
    path: "/devices",
    summary: "Devices that are registered or were heard, in the order of their ids",
    role: "viewer",
    query: query({
      search: text("part of the id"),
      region: text("only devices last heard there"),
      after: text("only ids after this one"),
      limit: limit(50, 500),
    }),
    answer: object({
      devices: list(DEVICE),
      next: orNull(text("ask after this id for more; null at the end")),
      counts: object({ registered: integer(), heard: integer() }),
    }),
    handle: async ({ query }) => {
      const { devices: found, next } = devices.page(query);
      return Promise.resolve({ devices: found.map(shown), next, counts: devices.counts });
    },
  }),
  route<{ id: string }>({
    method: "GET",
    path: "/devices/:id",
    summary: "Everything of one device",
    role: "viewer",
    params: ID,
    answer: object({
      device: DEVICE,
      units: UNITS,
      events: list(EVENT, "its last connections, refusals and rejects, newest first"),
      sparklines: list(
        object({
          contract: text(),
          field: text(),
          points: list(
            object({ tMs: timeMs("the start"), mean: orNull(number()) }),
            `${SNAPSHOT_POINTS} means of the last hour`,
          ),
        }),
        "of its number fields; empty without InfluxDB",
      ),
    }),
    handle: async ({ params: { id } }) => {
      const device = devices.get(id);
      if (!device) throw notFound(`There is no device "${id}", and none was heard.`);
      const contracts = [...(device.heard?.readings.values() ?? [])].flatMap(
        ({ contract, version }) => hub.catalog.get(contract, version) ?? [],
      );
      return {
        device: shown(device),
        units: contracts.flatMap(({ name, fields }) =>
          fields.map((field) => ({
            contract: name,
            field: field.name,
            unit: field.unit ?? null,
          })),
        ),
        events: events.find({ device: id, limit: 50 }),
        sparklines: await sparkline(hub, id, contracts),
      };
    },
  }),
];

function registeringRoutes({ hub, devices }: Parts): Route[] {
  const write = async (id: string, change: Parameters<DeviceStoreWrite>[1]) => {
    const store = await openDeviceStore(hub.connection);
    const written = await store.write(id, change);
    devices.put(written);
    return devices.get(id)!.registered;
  };
  return [
    route<unknown, unknown, Wanted>({
      method: "POST",
      path: "/devices",
      summary: "Register a device; its secret is in the answer, and nowhere else",
      role: "operator",
      body: object(
        {
          id: text("the new id"),
          role: oneOf(DEVICE_ROLES, "default: device"),
          topics: list(
            text(),
            "topic filters of its own outside devices/, such as tele/boiler-7/#",
          ),
          relay: RELAY,
          readsLog: list(
            text(),
            "readings of the region's log that it may read in a group: a contract, contract/device, # for all",
          ),
          speaksFor: list(
            text(),
            "of a bridge: ids it speaks for, * for any characters; default: all without a record",
          ),
          alerts: flag("may read alerts/#"),
        },
        { optional: ["role", "topics", "relay", "readsLog", "speaksFor", "alerts"] },
      ),
      answer: SECRET,
      status: 201,
      handle: async ({ body: { id, ...wanted } }) => {
        const problem = deviceIdProblem(id);
        if (problem !== null) throw invalid(problem);
        const { credential, secret } = newSecret();
        if (devices.get(id)?.registered)
          throw new Problem(409, "It is registered already", { detail: `"${id}" exists.` });
        const device = await write(id, (now) => changedDevice(id, now, credential, wanted));
        return { device, secret };
      },
    }),
    route<{ id: string }, unknown, { keepOld: boolean }>({
      method: "POST",
      path: "/devices/:id/credential",
      summary: "Give a device a new secret",
      role: "operator",
      params: ID,
      body: object({
        keepOld: flag(
          "the secret before this one stays valid until the next time; otherwise it and a revocation end at once",
        ),
      }),
      answer: SECRET,
      handle: async ({ params: { id }, body: { keepOld } }) => {
        if (!devices.get(id)?.registered) throw notFound(`There is no device "${id}".`);
        const { credential, secret } = newSecret();
        const how = keepOld ? { rotate: true } : { replace: true };
        const device = await write(id, (now) => changedDevice(id, now, credential, how));
        return { device, secret };
      },
    }),
    route<{ id: string }>({
      method: "DELETE",
      path: "/devices/:id",
      summary: "Revoke a device: its sessions end within seconds, and nothing lets it in",
      role: "operator",
      params: ID,
      answer: REGISTERED,
      handle: async ({ params: { id } }) => {
        if (!devices.get(id)?.registered) throw notFound(`There is no device "${id}".`);
        return write(id, (now) => revoked(id, now, hub.now()));
      },
    }),
  ];
}

type DeviceStoreWrite = Awaited<ReturnType<typeof openDeviceStore>>["write"];
