// The streams of an arena: something in each of them, what is in them now, and how they come to be as they were.
import { LEASES_BUCKET, bucketStream } from "../../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { apiOfAccount } from "../../../platform/nats/topology/crossings.ts";
import { applyTopology } from "../../../platform/nats/topology/apply-topology.ts";
import { eventually } from "../../support/eventually.ts";
import type { State, StreamState } from "../state.ts";
import { OF_ADMINISTRATORS, PROFILES, REGIONS, type ServerName } from "./profiles.ts";
import { COPIED, TARGETS, TOPOLOGY, type Target, accountsAt, targetsAt } from "./targets.ts";

export const SERVERS: readonly ServerName[] = ["hub", ...REGIONS];
/** In every record that attempts must not read. */
export const SECRET = "the-secret-of-another";
/** Readers of others, each with a message that it has not acknowledged. */
export const READER = "bystander";
export const READ: readonly (readonly [ServerName, string])[] = [
  ...(["TELEMETRY_eu", "ALERTS_eu", "KV_devices"] as const).map((name) => ["eu", name] as const),
  ...(["COMMANDS", "ALERTS_hub", "KV_devices", "AUDIT"] as const).map(
    (name) => ["hub", name] as const,
  ),
];
const SEEDS = 2;
/** Leases go by themselves, and nothing else may. */
const KEPT = { max_age: 0 };
const ROLLED_UP = { allow_rollup_hdrs: true };

/** A stream's name, with the account of copies that it is in. */
const nameOf = (stream: string, account: string | undefined): string =>
  account === undefined ? stream : `${stream}/${account}`;

/** Entries that belong to somebody, bucket and key. */
const entriesAt = (server: ServerName): (readonly [bucket: string, key: string])[] => [
  ...PROFILES.filter((one) => one.server === server).flatMap(({ entries }) =>
    Object.entries(entries),
  ),
  ...OF_ADMINISTRATORS.filter((one) => one.server === server).map(
    ({ bucket, key }) => [bucket, key] as const,
  ),
];

export interface Listed {
  /** Where the streams have names that others of the server have, too. */
  readonly account?: string;
  readonly config: { readonly name: string };
  readonly created: string;
  readonly state: {
    messages: number;
    first_seq: number;
    last_seq: number;
    consumer_count: number;
  };
}

export class ArenaStreams {
  readonly #admins: Readonly<Record<ServerName, NatsConnection>>;
  readonly #takesRollups: boolean;

  /** @param takesRollups buckets let a header remove what is in them. */
  constructor(admins: Readonly<Record<ServerName, NatsConnection>>, takesRollups: boolean) {
    this.#admins = admins;
    this.#takesRollups = takesRollups;
  }

  /** Every stream of a server, the readers and the entries of others there. */
  async stateOf(server: ServerName): Promise<[string, StreamState | string][]> {
    const streams = await this.#list(server);
    const found = streams.map(({ config, created, state, account }): [string, StreamState] => [
      `${server} ${nameOf(config.name, account)}`,
      {
        ...{ messages: state.messages, firstSeq: state.first_seq, lastSeq: state.last_seq },
        made: `${created} ${JSON.stringify(config)}`,
      },
    ]);
    const readers = READ.filter(([at]) => at === server).map(async ([, stream]) => {
      const info = await this.ask<{ ack_floor?: object; num_ack_pending: number; config: object }>(
        server,
        `CONSUMER.INFO.${stream}.${READER}`,
      );
      const { ack_floor, num_ack_pending: waiting, config } = info;
      return info.config === undefined
        ? []
        : [
            [
              `${server} ${stream} consumer ${READER}`,
              JSON.stringify({ ack_floor, waiting, config }),
            ] as [string, string],
          ];
    });
    const entries = entriesAt(server).map(async ([bucket, key]): Promise<[string, string]> => {
      const last_by_subj = `$KV.${bucket}.${key}`;
      const stream = bucketStream(bucket);
      const got = await this.ask<{ message?: { data?: string } }>(
        ...([server, `STREAM.MSG.GET.${stream}`, JSON.stringify({ last_by_subj })] as const),
      );
      const data = Buffer.from(got.message?.data ?? "", "base64").toString();
      return [`${server} ${stream} entry ${key}`, data];
    });
    return [...found, ...(await Promise.all(readers)).flat(), ...(await Promise.all(entries))];
  }

  /** Makes again what is not as it was; what was appended stays, and is the new state. */
  async mend(before: State, after: State): Promise<void> {
    for (const server of SERVERS) await this.#endConsumers(server);
    const broken = new Set<string>();
    for (const [name, was] of before) {
      const is = after.get(name);
      if (typeof was === "string") continue;
      const [stream = "", account] = name.split(" ")[1]!.split("/");
      const isMirror =
        account !== undefined ||
        TARGETS.some(
          (target) => `${target.server} ${target.stream}` === name && target.subject === null,
        );
      const isWhole = is !== undefined && typeof is !== "string" && is.made === was.made;
      const isLonger = isWhole && !isMirror && is.firstSeq === was.firstSeq;
      if (!isLonger && JSON.stringify(is) !== JSON.stringify(was)) broken.add(stream);
    }
    for (const name of after.keys()) {
      const [server, stream = "", ...rest] = name.split(" ");
      const isStream = rest.length === 0 && SERVERS.includes(server as ServerName);
      if (isStream && !before.has(name)) await this.delete(server as ServerName, stream);
    }
    for (const stream of broken)
      for (const server of SERVERS) {
        await this.delete(server, stream);
        if (COPIED.includes(stream))
          for (const account of accountsAt(server).out)
            await this.delete(server, nameOf(stream, account));
      }
    await this.fill();
  }

  /** Consumers that an attempt made go on by themselves. */
  async #endConsumers(server: ServerName): Promise<void> {
    for (const { config, state, account } of await this.#list(server)) {
      if (state.consumer_count === 0) continue;
      const names = await this.ask<{ consumers?: string[] | null }>(
        ...([server, `CONSUMER.NAMES.${config.name}`, "", account] as const),
      );
      for (const name of names.consumers ?? [])
        if (name !== READER)
          await this.ask(server, `CONSUMER.DELETE.${config.name}.${name}`, "", account);
    }
  }

  /** @param name such as `KV_devices/OUT_us`, of a copy in an account of its own. */
  delete(server: ServerName, name: string): Promise<object> {
    const [stream = "", account] = name.split("/");
    return this.ask(server, `STREAM.DELETE.${stream}`, "", account);
  }

  async #list(server: ServerName): Promise<Listed[]> {
    const of = async (account?: string): Promise<Listed[]> =>
      (await this.ask<{ streams?: Listed[] | null }>(server, "STREAM.LIST", "", account)).streams ??
      [];
    const accounts = accountsAt(server);
    const own = (await Promise.all([undefined, ...accounts.in].map(of))).flat();
    const copies = accounts.out.map(async (account) =>
      (await of(account))
        .filter(({ config }) => COPIED.includes(config.name))
        .map((one) => ({ ...one, account })),
    );
    // Where no wall is, all of these are one account.
    const once = new Map(own.map((one) => [one.config.name, one]));
    return [...once.values(), ...(await Promise.all(copies)).flat()];
  }

  /** @param account of the server, where it is not that of its own streams. */
  async ask<T extends object>(
    server: ServerName,
    request: string,
    body = "",
    account?: string,
  ): Promise<T> {
    const api = account === undefined ? "$JS.API" : apiOfAccount(account);
    const answer = await this.#admins[server].request(`${api}.${request}`, body, {
      timeout: 10_000,
    });
    return answer.json<T>();
  }

  /** Makes what is missing, and puts something into every stream that has too little. */
  async fill(): Promise<void> {
    await applyTopology(this.#admins, TOPOLOGY);
    for (const server of SERVERS) {
      await this.#update(server, bucketStream(LEASES_BUCKET), KEPT);
      for (const { stream, spec } of targetsAt(server))
        if (this.#takesRollups && spec === null) await this.#update(server, stream, ROLLED_UP);
    }
    for (const server of SERVERS) {
      const counts = new Map(
        (await this.#list(server))
          .filter(({ account }) => account === undefined)
          .map(({ config, state }) => [config.name, state.messages]),
      );
      for (const target of targetsAt(server))
        for (let at = counts.get(target.stream) ?? 0; at < SEEDS; at++) await this.seed(target, at);
    }
    for (const server of SERVERS)
      for (const [bucket, key] of entriesAt(server))
        await this.#admins[server].jetstream().publish(`$KV.${bucket}.${key}`, `of ${key}`);
    await eventually("the mirrors have everything", () => this.areLevel(), 60_000);
    for (const [server, stream] of READ) await this.#reader(server, stream);
  }

  async #update(server: ServerName, stream: string, over: object): Promise<void> {
    const { config } = await this.ask<{ config: object }>(server, `STREAM.INFO.${stream}`);
    await this.ask(server, `STREAM.UPDATE.${stream}`, JSON.stringify({ ...config, ...over }));
  }

  /** Under a subject of its own: of some streams only the newest record of each stays. */
  async seed({ server, subject }: Target, at: number): Promise<void> {
    if (subject === null) return;
    const to = subject.replace("attack", `victim-${at}`);
    await this.#admins[server].jetstream().publish(to, JSON.stringify({ secret: SECRET }));
  }

  async areLevel(): Promise<boolean> {
    const all = await Promise.all(SERVERS.map((server) => this.#list(server)));
    const lasts = new Map<string, Set<number>>();
    for (const { config, state } of all.flat()) {
      const isCopied = TARGETS.some(
        ({ stream, subject }) => stream === config.name && subject === null,
      );
      if (!isCopied) continue;
      const seen = lasts.get(config.name) ?? new Set();
      lasts.set(config.name, seen.add(state.last_seq));
    }
    const uneven = [...lasts].filter(([, seen]) => seen.size > 1).map(([name]) => name);
    if (uneven.length > 0) throw new Error(`not level: ${uneven.join(", ")}`);
    return true;
  }

  /** A reader that has got one message, and has not said that it is done with it. */
  async #reader(server: ServerName, stream: string): Promise<void> {
    const info = await this.ask<{ error?: object; num_ack_pending?: number }>(
      ...([server, `CONSUMER.INFO.${stream}.${READER}`] as const),
    );
    if (info.error === undefined && info.num_ack_pending === 1) return;
    await this.ask(server, `CONSUMER.DELETE.${stream}.${READER}`);
    const config = { durable_name: READER, ack_policy: "explicit", ack_wait: 3_600e9 };
    await this.ask(
      server,
      `CONSUMER.DURABLE.CREATE.${stream}.${READER}`,
      JSON.stringify({ stream_name: stream, config }),
    );
    await this.#admins[server].request(
      `$JS.API.CONSUMER.MSG.NEXT.${stream}.${READER}`,
      JSON.stringify({ batch: 1, expires: 1e9 }),
      // The message comes under its own subject, by which the client's one inbox would not know it.
      { timeout: 5_000, noMux: true },
    );
  }
}
