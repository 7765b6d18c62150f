// Two regions and the hub, with something in every stream and nobody at work: whatever is different later, an attempt
// has done it.
import { setTimeout as sleep } from "node:timers/promises";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import type { NatsUser } from "../../../platform/nats/topology/permissions.ts";
import { eventually } from "../../support/eventually.ts";
import { type NatsWorld, passwordOf, startHubAndRegions } from "../../support/nats.ts";
import { RawLeaf } from "../../support/raw-leaf.ts";
import { RawNats } from "../../support/raw-nats.ts";
import type { Arena, ArenaOptions } from "../arena.ts";
import type { State, StreamState } from "../state.ts";
import { Bystanders } from "./bystanders.ts";
import { ArenaStreams, type Listed, READER, SECRET, SERVERS } from "./arena-streams.ts";
import { PROFILES, type Profile, type ServerName } from "./profiles.ts";
import { TARGETS, TOPOLOGY, targetsAt } from "./targets.ts";
import { FOREIGN } from "./foreign.ts";
import { rewritten } from "./walls.ts";

/** A server on the same machine has answered by then; what comes later is found at the end of a batch. */
const ANSWERS_WITHIN_MS = 25;

/** Users that have a password. */
export type Login = Parameters<typeof passwordOf>[0];

export class NatsArena implements Arena {
  readonly #world: NatsWorld;
  readonly #admins: Readonly<Record<ServerName, NatsConnection>>;
  readonly #streams: ArenaStreams;
  readonly #stack: AsyncDisposableStack;
  readonly #clients = new Map<string, RawNats>();
  readonly #without: ArenaOptions["without"];
  readonly bystanders: Bystanders;
  /** Counts up, so that each forged record has a name of its own. */
  #count = 0;

  private constructor(of: {
    world: NatsWorld;
    admins: Readonly<Record<ServerName, NatsConnection>>;
    stack: AsyncDisposableStack;
    bystanders: Bystanders;
    without: ArenaOptions["without"];
  }) {
    this.#world = of.world;
    this.#admins = of.admins;
    this.#streams = new ArenaStreams(of.admins, of.without.has("rollups"));
    this.#stack = of.stack;
    this.bystanders = of.bystanders;
    this.#without = of.without;
  }

  static async open({ without, natsServer }: ArenaOptions): Promise<NatsArena> {
    await using stack = new AsyncDisposableStack();
    const world = stack.use(
      await startHubAndRegions({
        ...TOPOLOGY,
        ...{ violationsExpected: true, natsServer },
        hubConfiguration: (written) => rewritten(written, "hub", without),
        regionConfiguration: (written) => rewritten(written, "region", without),
      }),
    );
    const server = (name: ServerName) => (name === "hub" ? world.hub : world.region(name));
    const [hub, eu, us] = await Promise.all(SERVERS.map((name) => server(name).connect()));
    const admins = { hub: hub!, eu: eu!, us: us! };
    const bystanders = new Bystanders();
    for (const { server: name, user, hears } of PROFILES)
      await bystanders.listen({ server: name, user }, await server(name).connect(user), hears);
    const arena = new NatsArena({ world, admins, stack: stack.move(), bystanders, without });
    try {
      await arena.#streams.fill();
    } catch (error) {
      await arena[Symbol.asyncDispose]();
      throw error;
    }
    return arena;
  }

  admin(server: ServerName): NatsConnection {
    return this.#admins[server];
  }

  get leafPort(): number {
    return this.#world.leafPort;
  }

  port(server: ServerName): number {
    const { url } = server === "hub" ? this.#world.hub : this.#world.region(server);
    return Number(new URL(url).port);
  }

  next(): number {
    return ++this.#count;
  }

  /** A connection with the password of a user; the same as long as the server keeps it open. */
  async as(server: ServerName, user: NatsUser): Promise<RawNats> {
    const name = `${server} ${user}`;
    const known = this.#clients.get(name);
    if (known?.isOpen) return known;
    const client = await RawNats.connect(this.port(server), user, passwordOf(user));
    if (!client.isOpen) throw new Error(`${name} is not let in: ${client.errors.join()}`);
    this.#clients.set(name, client);
    this.#stack.use(client);
    return client;
  }

  /** What region eu can send to the hub once it is taken over; a new connection each time. */
  leaf(user = "leaf-eu", password = passwordOf("leaf-eu")): Promise<RawLeaf> {
    return RawLeaf.connect(this.leafPort, user, password);
  }

  /** The password with which somebody who has one of their own says to be somebody else. */
  passwordFor(claimed: Login, own: Login): string {
    return passwordOf(this.#without.has("passwords") ? claimed : own);
  }

  /** The prefix of answers to an attacker, different each time. */
  inbox(profile: Pick<Profile, "server" | "user">): string {
    const { inbox } = this.bystanders.of(profile);
    return `${inbox.replace(/\.bystander\..*$/, "")}.attack${this.next()}`;
  }

  /** True of what a user asked or said itself, or was answered. */
  isOwn(profile: Profile, subject: string): boolean {
    const { inbox } = this.bystanders.of(profile);
    const isOwnAnswer = inbox !== undefined && subject.startsWith(inbox);
    return isOwnAnswer || /\.attack\d*\./.test(subject) || profile.hears.includes(subject);
  }

  /** Everything that a server has sent before is there. */
  async quiet(client: RawNats): Promise<void> {
    await client.settled();
    await sleep(ANSWERS_WITHIN_MS);
    await client.settled();
  }

  /** Everything that others have said is where it goes. */
  async quietly(): Promise<void> {
    await this.bystanders.settled();
    await sleep(ANSWERS_WITHIN_MS);
  }

  /**
   * The delivery of a mirror: its subject, the consumers that it may come from, and the next sequence. An attacker does
   * not know these; here they are read where the origin is.
   */
  async deliveryOf(into: ServerName, stream: string) {
    const origin = TARGETS.find((one) => one.stream === stream && one.subject !== null)!;
    // A region hears what is delivered to it, and what it delivers; the hub has an account for each.
    const admin = this.#admins[into === "hub" ? origin.server : into];
    const consumers = new Set<string>();
    let subject = "";
    const subscription = admin.subscribe("dlv.>", {
      callback: (_, { subject: heard, reply = "" }) => {
        if (reply.startsWith(`$JS.ACK.${stream}.`)) consumers.add(reply.split(".")[3]!);
        if (heard.startsWith(`dlv.${into}.${stream}.`)) subject = heard;
      },
    });
    await admin.flush();
    await this.#streams.seed(origin, this.next());
    await eventually("the mirror is heard", () => subject !== "" && consumers.size > 0);
    await eventually("the mirrors have everything", () => this.#streams.areLevel(), 60_000);
    subscription.unsubscribe();
    const { state } = await this.#streams.ask<Pick<Listed, "state">>(into, `STREAM.INFO.${stream}`);
    return { subject, consumers: [...consumers], next: state.last_seq + 1 };
  }

  /** False if a copy has got what its origin does not have; it is then made again. */
  async isUndone(into: ServerName, stream: string, next: number): Promise<boolean> {
    const { state } = await this.#streams.ask<Pick<Listed, "state">>(into, `STREAM.INFO.${stream}`);
    if (state.last_seq < next) return true;
    await this.#streams.delete(into, stream);
    await this.#streams.fill();
    return false;
  }

  /** The first sequence that a stream still has. */
  async firstOf(server: ServerName, stream: string): Promise<number> {
    const { state } = await this.#streams.ask<Pick<Listed, "state">>(
      server,
      `STREAM.INFO.${stream}`,
    );
    return state.first_seq;
  }

  /** Subject of a stream, as the topology says. */
  subjectOf(server: ServerName, stream: string): string {
    const found = targetsAt(server).find((target) => target.stream === stream);
    if (!found?.subject) throw new Error(`nobody writes ${stream} at ${server}`);
    return found.subject;
  }

  /** A consumer of a user, with the newest message; a guessed name if it may make none. */
  async consumerOf(profile: Profile, stream: string): Promise<string> {
    const client = await this.as(profile.server, profile.user);
    const reply = `${this.inbox(profile)}.made`;
    const { stop } = client.hear(reply);
    const config = { ack_policy: "none", deliver_policy: "last", inactive_threshold: 5e9 };
    const body = JSON.stringify({ stream_name: stream, config });
    client.say({ subject: `$JS.API.CONSUMER.CREATE.${stream}`, body, reply });
    await this.quiet(client);
    stop();
    const answer = client.heard.find(({ subject }) => subject === reply);
    client.heard.length = 0;
    const made = JSON.parse(answer?.body || "{}") as { name?: string };
    return made.name ?? "attack";
  }

  /** The numbers of the message that a reader has not acknowledged. */
  async placeOfReader(server: ServerName, stream: string) {
    const { delivered } = await this.#streams.ask<{
      delivered: { consumer_seq: number; stream_seq: number };
    }>(server, `CONSUMER.INFO.${stream}.${READER}`);
    return { seq: delivered.stream_seq, delivery: delivered.consumer_seq };
  }

  /** What the other processes of a server say and ask at work. */
  async traffic({ server, user }: Pick<Profile, "server" | "user">): Promise<void> {
    for (const other of PROFILES.filter((one) => one.server === server && one.user !== user)) {
      const { connection, inbox } = this.bystanders.of(other);
      connection.publish(`live.${server}.process.${other.user}.x`, SECRET);
      const read = other.reads[0]!;
      connection.publish(`$JS.API.STREAM.INFO.${read}`, "", { reply: `${inbox}.${this.next()}` });
      const [entry] = Object.entries(other.entries);
      if (entry) connection.publish(`$KV.${entry[0]}.${entry[1]}`, SECRET);
    }
    await this.bystanders.settled();
    const admin = this.#admins[server];
    for (const { subject } of targetsAt(server))
      if (subject !== null)
        admin.publish(subject.replace("attack", "victim"), SECRET, {
          reply: "_INBOX.bystander.admin.1",
        });
    for (const subject of ["replay.eu.gateway", "retry-setaside.eu.gateway", "live.eu.readings"])
      admin.publish(subject, SECRET, { reply: "_INBOX.bystander.admin.2" });
    for (const pattern of FOREIGN)
      admin.publish(pattern.replace(/[*>].*$/, "bystander.says.it"), SECRET);
    for (const other of SERVERS)
      admin.publish(`$JS.${other}.API.STREAM.INFO.TELEMETRY_eu`, "", {
        reply: `_INBOX.bystander.admin.${other}`,
      });
    await admin.flush();
  }

  async state(): Promise<State> {
    const state = new Map<string, StreamState | string>();
    const parts = await Promise.all(SERVERS.map((server) => this.#streams.stateOf(server)));
    for (const part of parts) for (const [name, is] of part) state.set(name, is);
    for (const [name, heard] of this.bystanders.heard()) state.set(name, heard);
    return state;
  }

  mend(before: State, after: State): Promise<void> {
    return this.#streams.mend(before, after);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
