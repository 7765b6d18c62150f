// Goal: which commands are open follows from what is stored, in whatever order it is read, and however
// often the gateway is restarted on the way.
// Method: a region's streams in memory; commands, alert steps and replies are written, read (each stream
// in order, the streams in any interleaving), time passes and the gateway restarts, as fast-check has
// it; in the end everything is read, and the set is compared with one worked out from the streams.
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Alert, AlertState } from "../../../../contracts/messages/alert.ts";
import { type CommandAddress, commandTopic } from "../../../../contracts/names/topics.ts";
import { actionsOf, stepsThatCount } from "../../../../gateway/commands/alert-commands.ts";
import { type OpenCommand, OpenCommands } from "../../../../gateway/commands/open-commands.ts";
import { CommandTopics, type RetainedTopics } from "../../../../gateway/commands/command-topics.ts";
import { makeLogger } from "../../../../platform/runtime/logger.ts";

const logger = makeLogger({}, "silent");
const command = (n: number, expiresAtMs = 1_000): OpenCommand => ({
  device: `d${n % 2}`,
  id: `c${n}`,
  payload: `{"n":${n}}`,
  expiresAtMs,
});

/** A broker's retained messages, and how often each topic was published. */
class Retained implements RetainedTopics {
  readonly messages = new Map<string, Buffer>();
  readonly published = new Map<string, number>();

  publish(topic: string, payload: string | Buffer): Promise<void> {
    this.messages.set(topic, Buffer.from(payload as string));
    this.published.set(topic, (this.published.get(topic) ?? 0) + 1);
    return Promise.resolve();
  }

  unretain(topic: string): void {
    this.messages.delete(topic);
  }

  retained(filter: string): Map<string, Buffer> {
    if (filter.includes("+")) return new Map(this.messages);
    const found = this.messages.get(filter);
    return new Map(found ? [[filter, found]] : []);
  }
}

const COMMANDS = Array.from({ length: 6 }, (_, n) => command(n, 20 + n * 15));
const STATES: readonly AlertState[] = ["firing", "acknowledged", "resolved", "silenced"];

const alertStep = (n: number, raise: number, state: AlertState): Alert => ({
  id: `a${raise}`,
  rule: "r",
  key: `k${n % 2}`,
  region: "eu",
  state,
  severity: "info",
  sinceMs: 0,
  atMs: 0,
  receivedAtMs: 0,
  value: 0,
  message: "",
  ...(state === "acknowledged"
    ? {}
    : { commands: [{ device: `d${n % 2}`, payload: n, expiresMs: 30 + n * 10 }] }),
  partition: 0,
  seq: n,
  index: 0,
});

type Step =
  | { kind: "command"; n: number }
  | { kind: "alert"; n: number; raise: number; state: AlertState }
  | { kind: "reply"; n: number }
  | { kind: "read"; stream: number }
  | { kind: "pass"; ms: number }
  | { kind: "restart"; losesRetained: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("command" as const), n: fc.nat(5) }),
  fc.record({
    kind: fc.constant("alert" as const),
    n: fc.nat(3),
    raise: fc.nat(1),
    state: fc.constantFrom(...STATES),
  }),
  fc.record({ kind: fc.constant("reply" as const), n: fc.nat(20) }),
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("read" as const), stream: fc.nat(2) }) },
  fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 15 }) }),
  fc.record({ kind: fc.constant("restart" as const), losesRetained: fc.boolean() }),
);

/** A region's streams, and a gateway that reads them. */
class Region {
  nowMs = 0;
  readonly commands: OpenCommand[] = [];
  readonly alerts: { subject: string; alert: Alert }[] = [];
  readonly replies: CommandAddress[] = [];
  broker = new Retained();
  gateway = this.#start();
  #at = { commands: 0, alerts: 0, replies: 0 };

  #start(): CommandTopics {
    return new CommandTopics({
      answered: (of) => Promise.resolve(this.isAnswered(of)),
      clock: () => this.nowMs,
      logger,
    });
  }

  isAnswered = ({ device, id }: CommandAddress): boolean =>
    this.replies.some((reply) => reply.device === device && reply.id === id);

  /** Everything that anybody could answer. */
  get said(): CommandAddress[] {
    const acted = this.alerts.flatMap(({ alert }) => actionsOf(alert).commands);
    return [...this.commands, ...acted];
  }

  stepsOf = (subject: string, upTo: number): Alert[] =>
    this.alerts.slice(0, upTo).flatMap((one) => (one.subject === subject ? [one.alert] : []));

  async #act(at: number): Promise<void> {
    const { subject } = this.alerts[at]!;
    const steps = stepsThatCount(this.stepsOf(subject, at + 1));
    await this.gateway.act(
      subject,
      steps.flatMap((one) => actionsOf(one).commands),
    );
  }

  async read(stream: number): Promise<boolean> {
    const at = this.#at;
    if (stream === 0 && at.commands < this.commands.length)
      await this.gateway.offer(this.commands[at.commands++]!);
    else if (stream === 1 && at.alerts < this.alerts.length) await this.#act(at.alerts++);
    else if (stream === 2 && at.replies < this.replies.length)
      this.gateway.close(this.replies[at.replies++]!);
    else return false;
    return true;
  }

  /** As `Commands.prepare`. */
  async restart(losesRetained: boolean): Promise<void> {
    if (losesRetained) this.broker = new Retained();
    this.gateway = this.#start();
    const { commands, alerts, replies } = this;
    this.#at = { commands: commands.length, alerts: alerts.length, replies: replies.length };
    for (const one of commands) await this.gateway.offer(one);
    const latest = new Map(alerts.map(({ subject }, at) => [subject, at]));
    for (const at of latest.values()) await this.#act(at);
    await this.gateway.show(this.broker);
  }

  /** Worked out from the streams alone. */
  expected(): string[] {
    const subjects = new Set(this.alerts.map(({ subject }) => subject));
    const acting = [...subjects].flatMap((subject) =>
      stepsThatCount(this.stepsOf(subject, Infinity)).flatMap((one) => actionsOf(one).commands),
    );
    return [...this.commands, ...acting]
      .filter((one) => one.expiresAtMs > this.nowMs && !this.isAnswered(one))
      .map(commandTopic)
      .sort();
  }
}

test("any order of commands, alerts, replies, expiry and restarts: the same commands are open", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const region = new Region();
      await region.gateway.show(region.broker);
      for (const one of steps)
        switch (one.kind) {
          case "command":
            if (!region.commands.includes(COMMANDS[one.n]!)) region.commands.push(COMMANDS[one.n]!);
            break;
          case "alert": {
            const alert = alertStep(one.n, one.raise, one.state);
            // An engine tells each step once.
            const isTold = region.alerts.some(
              ({ alert: { id, state } }) => id === alert.id && state === alert.state,
            );
            if (!isTold) region.alerts.push({ subject: alert.key, alert });
            break;
          }
          case "reply": {
            const { said } = region;
            if (said.length > 0) region.replies.push(said[one.n % said.length]!);
            break;
          }
          case "read":
            await region.read(one.stream);
            break;
          case "pass":
            region.nowMs += one.ms;
            region.gateway.expire();
            break;
          case "restart":
            await region.restart(one.losesRetained);
            break;
        }
      for (const stream of [2, 0, 1]) while (await region.read(stream));
      expect([...region.broker.messages.keys()].sort()).toEqual(region.expected());
      expect(region.gateway.open).toBe(region.broker.messages.size);
    }),
    { numRuns: 500 },
  );
});

test("a restart repeats to subscribers nothing that is retained already", async () => {
  const region = new Region();
  await region.gateway.show(region.broker);
  region.commands.push(...COMMANDS);
  while (await region.read(0));
  for (let time = 0; time < 3; time++) await region.restart(false);
  expect([...region.broker.published.values()]).toEqual(COMMANDS.map(() => 1));
});

test("past the bound the newest are refused and counted; an answer makes room", async () => {
  const broker = new Retained();
  const gateway = new CommandTopics({
    answered: () => Promise.resolve(false),
    clock: () => 0,
    logger,
    openMax: 2,
  });
  await gateway.show(broker);
  for (const n of [1, 2, 3]) await gateway.offer(command(n));
  expect([...broker.messages.keys()]).toEqual(["devices/d1/commands/c1", "devices/d0/commands/c2"]);
  expect([gateway.open, gateway.refused]).toEqual([2, 1]);
  gateway.close(command(1));
  await gateway.offer(command(4));
  expect([gateway.open, gateway.refused]).toEqual([2, 1]);
});

test("bookkeeping: known, expired, withdrawn", () => {
  const open = new OpenCommands(10);
  expect(open.offer(command(1, 10), 10)).toBe("expired");
  expect(open.offer(command(1, 11), 10, "rule.key")).toBe("opened");
  expect(open.offer(command(1, 11), 10, "rule.key")).toBe("known");
  expect(open.offer(command(2, 50), 10, "rule.key")).toBe("opened");
  expect(open.expire(11)).toEqual([command(1, 11)]);
  expect(open.replace("rule.key", [command(2, 50)])).toEqual([]);
  expect(open.replace("rule.key", [])).toEqual([command(2, 50)]);
  expect([open.size, open.close(command(2))]).toEqual([0, undefined]);
});

test("a command that was answered is done, though its answer was taken away, and after a restart too", async () => {
  const subjects = new Map<string, number>();
  const done = {
    has: (of: CommandAddress) => subjects.has(commandTopic(of)),
    add: (of: OpenCommand) => void subjects.set(commandTopic(of), of.expiresAtMs),
  };
  const start = async (replies: boolean, remembers = true): Promise<Retained> => {
    const broker = new Retained();
    const answered = () => Promise.resolve(replies);
    const memory = remembers ? { done } : {};
    const gateway = new CommandTopics({ answered, clock: () => 0, logger, ...memory });
    await gateway.show(broker);
    await gateway.offer(command(1));
    gateway.close(command(1));
    await gateway.offer(command(1));
    return broker;
  };
  const isOpen = (broker: Retained): boolean => broker.messages.size > 0;
  expect(isOpen(await start(false))).toBe(false);
  expect([...subjects]).toEqual([[commandTopic(command(1)), 1_000]]);
  expect((await start(false)).published.size).toBe(0);
  subjects.clear();
  await start(true); // Another gateway wrote down the answer.
  expect((await start(false)).published.size).toBe(0);
  expect(isOpen(await start(false, false))).toBe(true);
});
