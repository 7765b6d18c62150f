// Connections and the devices that they stand for (pure): from them follows who came and went.
//
// S1. A connection stands for the device that it authenticated as, from its start; an anonymous one for
//     the device named like its client id, once a telemetry reading of that device came through it and
//     was stored. Whoever only subscribes stands for nobody.
// S2. A device is online while at least one connection stands for it: several may, under the client
//     ids `{device}/…`.
// S3. A takeover within one device is no change: what stood for it goes on (see Presence).
import { telemetryTopic } from "../../contracts/names/topics.ts";

/** A connected client, as its transport tells of it; the same object when it comes and when it goes. */
export interface Client {
  /** Unique among connections. */
  readonly clientId: string;
  /** The record that it logged in as; undefined for anonymous clients. */
  readonly principal: string | undefined;
  readonly device: string | undefined;
}

/** Reasons why a connection ended: those of contract `presence`, version 1, which explains each. */
export type LeaveReason =
  "disconnect" | "will" | "keep_alive" | "connection_lost" | "taken_over" | "closed" | "shutdown";

export interface Change {
  readonly device: string;
  readonly state: "online" | "offline";
  readonly reason: "connected" | LeaveReason;
}

/** An anonymous connection that has yet to show which device it is. */
export interface Candidate {
  readonly client: Client;
  /** Beginning of the topics of its own readings. */
  readonly topicPrefix: string;
}

interface Standing {
  readonly client: Client;
  readonly device: string;
}

export class Standings {
  /** Connections that stand for a device, by client id. */
  readonly #standing = new Map<string, Standing>();
  readonly #candidates = new Map<string, Candidate>();
  /** Number of connections that stand for a device, where there are any. */
  readonly #connections = new Map<string, number>();

  connected(client: Client): Change[] {
    const { clientId } = client;
    const before = this.#standing.get(clientId);
    this.#candidates.delete(clientId);
    const device = deviceOf(client, before);
    if (before && before.device === device) {
      this.#standing.set(clientId, { client, device }); // S3
      return [];
    }
    const changes = before ? this.#leave(before, "taken_over") : [];
    if (device !== undefined) return [...changes, ...this.#stand(client, device)];
    if (client.principal === undefined)
      this.#candidates.set(clientId, { client, topicPrefix: telemetryTopic(clientId, "") });
    return changes;
  }

  /** The one lookup that a publish of an anonymous client costs. */
  candidate(clientId: string): Candidate | undefined {
    return this.#candidates.get(clientId);
  }

  /** A reading of the candidate's own was stored; by now it may be gone, or taken over. */
  shown(candidate: Candidate): Change[] {
    const { client } = candidate;
    if (this.#candidates.get(client.clientId) !== candidate) return [];
    this.#candidates.delete(client.clientId);
    return this.#stand(client, client.clientId);
  }

  disconnected(client: Client, reason: LeaveReason): Change[] {
    const { clientId } = client;
    if (this.#candidates.get(clientId)?.client === client) this.#candidates.delete(clientId);
    const standing = this.#standing.get(clientId);
    // Taken over, by a connection whose `connected` follows (S3), or has come already.
    if (standing?.client !== client || reason === "taken_over") return [];
    return this.#leave(standing, reason);
  }

  /** Ends everything. */
  clear(reason: LeaveReason): Change[] {
    const devices = [...this.#connections.keys()];
    this.#standing.clear();
    this.#candidates.clear();
    this.#connections.clear();
    return devices.map((device) => ({ device, state: "offline", reason }));
  }

  #stand(client: Client, device: string): Change[] {
    this.#standing.set(client.clientId, { client, device });
    const connections = this.#connections.get(device) ?? 0;
    this.#connections.set(device, connections + 1);
    return connections === 0 ? [{ device, state: "online", reason: "connected" }] : []; // S2
  }

  #leave({ client, device }: Standing, reason: LeaveReason): Change[] {
    this.#standing.delete(client.clientId);
    const connections = this.#connections.get(device)! - 1;
    if (connections > 0) {
      this.#connections.set(device, connections);
      return [];
    }
    this.#connections.delete(device);
    return [{ device, state: "offline", reason }]; // S2
  }
}

/** An anonymous client that takes over its own connection has shown already which device it is. */
const deviceOf = (
  { clientId, principal, device }: Client,
  before: Standing | undefined,
): string | undefined =>
  device ?? (principal === undefined && before?.device === clientId ? clientId : undefined);
