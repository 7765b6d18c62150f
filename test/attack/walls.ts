// The lines of defence: what each is, and what is to be done where something got through. Pure.
import type { WallName } from "./attempt.ts";

export interface Wall {
  readonly what: string;
  /** The way in which `--sabotage` takes it out. */
  readonly sabotage: string;
  readonly remedy: string;
}

export const WALLS: Readonly<Record<WallName, Wall>> = {
  accounts: {
    what: "a process' NATS user reaches what its process needs, and nothing else",
    sabotage: "all users of a server are in the account of its streams, without lists of rights",
    remedy:
      "give the user an account of its own with imports of exactly its requests (platform/nats/topology/permissions.ts, server-config.ts)",
  },
  "leaf-accounts": {
    what: "a region reaches its own streams, and of the hub what is mirrored into it",
    sabotage: "the regions' leaves arrive in the hub's own account",
    remedy: "take the subject out of what crosses (platform/nats/topology/crossings.ts)",
  },
  "hub-mirrors": {
    what: "what the hub's mirrors of a region are told by it reaches nothing but these mirrors",
    sabotage: "the mirrors of all regions are among the hub's own streams",
    remedy:
      "keep an account with mirrors of one region, and nothing else (platform/nats/topology/topology.ts, crossings.ts)",
  },
  rollups: {
    what: "a header of a record removes nothing of what others wrote beside it",
    sabotage: "buckets take the header Nats-Rollup",
    remedy: "have buckets refuse it (platform/nats/topology/apply-topology.ts)",
  },
  passwords: {
    what: "a password opens one user of one server",
    sabotage: "whoever has a password has that of the other, too",
    remedy: "give each user a password of its own (infra/compose/secrets.sh)",
  },
  "leaf-only": {
    what: "a leaf's password is none of a client",
    sabotage: "the leaves' users may come by any connection",
    remedy: "allow the user its one kind of connection (allowed_connection_types)",
  },
  topics: {
    what: "an MQTT client says and hears what its record allows",
    sabotage: "the gateway grants every topic and filter",
    remedy: "mend the rights of the role (gateway/identity/access.ts)",
  },
  speech: {
    what: "nobody speaks for a device but itself and a bridge that names it",
    sabotage: "everybody speaks for every device",
    remedy: "mend who speaks for whom (gateway/identity/speech.ts, gateway/ingest)",
  },
  presence: {
    what: "gateways alone say what became of a connection",
    sabotage: "contract presence is one like all others",
    remedy: "mend what is reserved for gateways (gateway/ingest/admit-reading.ts)",
  },
  "client-ids": {
    what: "a client id, and its session, belongs to one record",
    sabotage: "every client id may be used by everybody",
    remedy: "mend the owner of a client id (gateway/identity/access.ts)",
  },
  sessions: {
    what: "a session ends with the right to it",
    sabotage: "a session is whoever's has its client id",
    remedy: "end sessions where rights end (gateway/identity, gateway/broker/sessions)",
  },
  secrets: {
    what: "a record is logged in to with its own secret, unless it is revoked",
    sabotage: "every secret is right",
    remedy: "mend the login (gateway/identity/authenticator.ts)",
  },
  anonymous: {
    what: "nobody without credentials is let in",
    sabotage: "the gateway runs with SKERRY_ANONYMOUS=anywhere",
    remedy: "mend the refusal (gateway/identity/login.ts)",
  },
  "ws-origins": {
    what: "a page of a stranger does not reach the gateway from a browser",
    sabotage: "hosts and origins of WebSockets are not checked",
    remedy: "mend the check of the handshake (gateway/broker)",
  },
  guesses: {
    what: "who guesses passwords is held to so many, whatever they are guessed over",
    sabotage: "guesses are not counted",
    remedy: "count them where both transports ask (gateway/identity/guess-limit.ts)",
  },
  "http-keys": {
    what: "an Idempotency-Key belongs to whoever sent it",
    sabotage: "keys are one for all",
    remedy: "keep keys by their holder (gateway/http/key-store.ts)",
  },
  "http-shapes": {
    what: "a request that may be read in two ways is not read",
    sabotage: "the gateways run with --insecure-http-parser",
    remedy: "leave the parser of HTTP as strict as Node has it (gateway/http/sockets.ts)",
  },
  "http-bounds": {
    what: "what one client sends over HTTP takes little memory, and none of another's time",
    sabotage:
      "bodies, readings, connections and rates have the widest bounds that there are, and bodies are cut to their end",
    remedy: "have it cost its sender (gateway/http/intake.ts, body-reader.ts, elements.ts)",
  },
  "console-roles": {
    what: "the console does for somebody what their role says, and nothing for nobody",
    sabotage: "everybody is an operator",
    remedy: "mend the guard, or the role of the route (cloud/console/access/guard.ts)",
  },
  "console-site": {
    what: "a page of a stranger changes nothing through the browser of somebody who is logged in",
    sabotage: "the site that asks is not checked",
    remedy: "mend the check of the site (cloud/console/access/origin.ts)",
  },
  hosts: {
    what: "a name that points here by a stranger's DNS is not answered to",
    sabotage: "every name in Host is answered to",
    remedy: "mend the names of the listener (platform/runtime/http-host.ts)",
  },
  "viewer-mqtt": {
    what: "a viewer publishes nothing through the console",
    sabotage: "what a viewer sends is passed on",
    remedy: "mend the filter of a viewer's packets (cloud/console/mqtt)",
  },
  influx: {
    what: "the store is read by its reader, written by its writer, and by nobody else",
    sabotage: "InfluxDB asks nobody for a password",
    remedy:
      "mend users and rights of the store (cloud/sinks/influx/set-up.ts, infra/influx/influxdb.conf)",
  },
  signatures: {
    what: "a region takes no record of the hub but the newest that a trusted key has signed",
    sabotage: "the processes of the region know no trusted keys",
    remedy: "have the process judge what it reads (platform/nats/signed/record-guard.ts)",
  },
  "alert-signatures": {
    what: "an alert commands devices only if the region's alerting engine has signed it, and its newest step alone",
    sabotage: "the gateway knows no key of an engine",
    remedy: "have the gateway judge the step (gateway/commands/engine-guard.ts)",
  },
};

export const WALL_NAMES = Object.keys(WALLS) as WallName[];
