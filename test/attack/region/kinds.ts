// The kinds of signed records: for each a record that would give somebody something, another that is good and comes
// behind it, and how is seen what is in force.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SCHEMAS_DIRECTORY } from "../../../contracts/schema/catalog.ts";
import { acknowledgementKey, commandFilter } from "../../../contracts/names/subjects.ts";
import { eventually } from "../../support/eventually.ts";
import { type Message, type ProcessName, type RegionArena, VALVE, bytes } from "./arena.ts";

/** One record that an attacker writes, and what is seen if it counts. */
export interface Forgery {
  readonly record: Message;
  /** Once it was handled. @returns what it did, or null. */
  readonly harm: () => Promise<string | null>;
}

/** A record that was validly signed, with what the hub wrote in its place. */
export interface Older extends Forgery {
  readonly then: readonly Message[];
}

export interface Kind {
  readonly name: string;
  readonly harms: string;
  /** The process that takes the records. */
  readonly process: ProcessName;
  /** A record of the attacker's own, with another key than all before. */
  readonly forge: (arena: RegionArena, n: number) => Promise<Forgery> | Forgery;
  /** Validly signed records of before, by what they would bring back. */
  readonly older: Readonly<Record<string, (arena: RegionArena, n: number) => Older>>;
  /** A record that is there, and that a mark without a signature would remove. */
  readonly removed?: (arena: RegionArena, n: number) => Older;
  /** A good record: what came before it in its stream was handled once this was. */
  readonly good: (arena: RegionArena, n: number) => Message;
  readonly isHandled: (arena: RegionArena, n: number) => Promise<void>;
}

/** The mark of a deletion. */
export const removalOf = ({ subject }: Message): Message => ({
  ...{ subject, data: Buffer.alloc(0), isDeletion: true },
});

const unless = (isWell: boolean, harm: string): string | null => (isWell ? null : harm);

const devices: Kind = {
  name: "devices",
  harms: "who may log in, and as what",
  process: "gateway",
  forge: (arena, n) => ({
    record: arena.device(`mallory-${n}`, { role: "operator" }),
    harm: async () => unless(!(await arena.isLetIn(`mallory-${n}`)), `mallory-${n} is let in`),
  }),
  older: {
    "the registration of a device that is revoked": (arena, n) => {
      const then = [arena.device(`gone-${n}`, { revokedAtMs: 1 })];
      return { record: arena.device(`gone-${n}`), then, harm: () => isBack(arena, `gone-${n}`) };
    },
    "the registration of a device that is removed": (arena, n) => {
      const record = arena.device(`lost-${n}`);
      return { record, then: [removalOf(record)], harm: () => isBack(arena, `lost-${n}`) };
    },
  },
  removed: (arena, n) => {
    const harm = async () => unless(await arena.isLetIn(`kept-${n}`), `kept-${n} is turned away`);
    return { record: arena.device(`kept-${n}`), then: [], harm };
  },
  good: (arena, n) => arena.signed(arena.device(`fine-${n}`)),
  isHandled: (arena, n) => arena.said("gateway", new RegExp(`"device":"fine-${n}"`)),
};

async function isBack(arena: RegionArena, id: string): Promise<string | null> {
  return unless(!(await arena.isLetIn(id)), `${id} is let in again`);
}

const ruleOf = (id: string, above: number): Message => ({
  subject: `$KV.rules.${id}`,
  data: bytes({
    ...{ id, version: 1, kind: "threshold", contract: "measurement" },
    when: `value > ${above}`,
  }),
});

/** True if the rule raises an alert: a reading is seen by all rules, and that of `level` is awaited. */
async function raises(arena: RegionArena, rule: string): Promise<boolean> {
  const keys = [`x${arena.next()}`, `x${arena.next()}`];
  for (const key of keys) {
    await arena.reading(key, "measurement", 101);
    await eventually("level fires", async () => (await arena.alert("level", key)) !== null);
  }
  return (await arena.alert(rule, keys[0]!)) !== null;
}

const NEVER = 1e9;

const rules: Kind = {
  name: "rules",
  harms: "which alerts there are, and the commands that follow from them",
  process: "alerting",
  forge: (arena, n) => ({
    record: ruleOf(`forged-${n}`, 0),
    harm: async () =>
      unless(!(await raises(arena, `forged-${n}`)), `rule forged-${n} raises alerts`),
  }),
  older: {
    "a rule before it was changed": (arena, n) => {
      const then = [ruleOf(`old-${n}`, NEVER)];
      return { record: ruleOf(`old-${n}`, 0), then, harm: () => raisesAgain(arena, `old-${n}`) };
    },
    "a rule that was deleted": (arena, n) => {
      const record = ruleOf(`lost-${n}`, 0);
      return { record, then: [removalOf(record)], harm: () => raisesAgain(arena, `lost-${n}`) };
    },
  },
  removed: (arena, n) => {
    const harm = async () =>
      unless(await raises(arena, `kept-${n}`), `rule kept-${n} raises nothing`);
    return { record: ruleOf(`kept-${n}`, 0), then: [], harm };
  },
  good: (arena, n) => arena.signed(ruleOf(`fine-${n}`, NEVER)),
  isHandled: (arena, n) => arena.said("alerting", new RegExp(`"rule":"fine-${n}"`)),
};

const raisesAgain = async (arena: RegionArena, id: string) =>
  unless(!(await raises(arena, id)), `rule ${id} raises alerts again`);

const SCHEMA: unknown = JSON.parse(
  readFileSync(join(SCHEMAS_DIRECTORY, "measurement/v1.json"), "utf8"),
);

const contractOf = (name: string): Message => ({
  subject: `$KV.contracts.${name}.v1`,
  data: bytes({ schema: SCHEMA, publishedAtMs: 1, mode: "BACKWARD" }),
});

const contracts: Kind = {
  name: "contracts",
  harms: "what a reading is",
  process: "gateway",
  forge: (arena, n) => ({
    record: contractOf(`forged${n}`),
    harm: async () => {
      await arena.reading(`c${n}`, `forged${n}`, 1);
      await arena.reading(`c${n}`, "measurement", 1);
      const found = await eventually("a reading is in the log", async () => {
        const stored = await arena.contractsOf(`c${n}`);
        return stored.includes("measurement") && stored;
      });
      return unless(!found.includes(`forged${n}`), `readings of forged${n} are taken`);
    },
  }),
  older: {},
  good: (arena, n) => arena.signed(contractOf(`fine${n}`)),
  isHandled: (arena, n) => arena.said("gateway", new RegExp(`"contract":"fine${n}\\.v1"`)),
};

/** An alert of rule `level` that fires now, and an acknowledgement of it. */
async function acknowledged(arena: RegionArena, key: string): Promise<Message> {
  await arena.reading(key, "measurement", 101);
  const { id } = await eventually("it fires", async () => {
    const alert = await arena.alert("level", key);
    return alert?.state === "firing" && alert;
  });
  const name = { region: "eu", rule: "level", key };
  const data = bytes({ rule: "level", key, id, by: "mallory", atMs: Date.now() });
  return { subject: `$KV.acknowledgements.${acknowledgementKey(name)}`, data };
}

const isAcknowledged = async (arena: RegionArena, key: string): Promise<boolean> =>
  (await arena.alert("level", key))?.state === "acknowledged";

/** Acknowledgements that are to come behind those of attackers, by their number. */
const awaited = new Map<number, Message>();

const acknowledgements: Kind = {
  name: "acknowledgements",
  harms: "alerts that people wait for: they are taken for seen",
  process: "alerting",
  forge: async (arena, n) => {
    awaited.set(n, await acknowledged(arena, `good-${n}`));
    return {
      record: await acknowledged(arena, `seen-${n}`),
      harm: async () =>
        unless(!(await isAcknowledged(arena, `seen-${n}`)), "an alert is acknowledged"),
    };
  },
  older: {},
  good: (arena, n) => arena.signed(awaited.get(n)!),
  isHandled: async (arena, n) => {
    await eventually("the good one counts", () => isAcknowledged(arena, `good-${n}`));
  },
};

/** @param sinceSeq so high that no alert is told by it; it names the record. */
const assignment = (at: "hub" | "region", sinceSeq: number): Message => ({
  subject: "$KV.notifiers.eu",
  data: bytes({ at, sinceSeq, before: [] }),
});

const countOf = (arena: RegionArena, sinceSeq: number): number =>
  arena.output("notifier").split(`"sinceSeq":${sinceSeq},`).length - 1;

const taken = (arena: RegionArena, sinceSeq: number, times: number): Promise<string | null> =>
  Promise.resolve(unless(countOf(arena, sinceSeq) <= times, "the region's notifier takes it"));

const notifiers: Kind = {
  name: "notifiers",
  harms: "who is told of alerts",
  process: "notifier",
  forge: (arena, n) => ({
    record: assignment("region", 10_000 + n),
    harm: () => taken(arena, 10_000 + n, 0),
  }),
  older: {
    "an assignment before it was moved": (arena, n) => {
      const then = [assignment("hub", 30_000 + n)];
      const record = assignment("region", 20_000 + n);
      return { record, then, harm: () => taken(arena, 20_000 + n, 1) };
    },
  },
  good: (arena, n) => arena.signed(assignment("hub", 40_000 + n)),
  isHandled: (arena, n) => arena.said("notifier", new RegExp(`"sinceSeq":${40_000 + n},`)),
};

const commandOf = (id: string): Message => {
  const issuedAtMs = Date.now();
  const times = { issuedAtMs, expiresAtMs: issuedAtMs + 3_600_000 };
  const command = { id, device: VALVE, payload: { open: true }, by: "mallory", ...times };
  return { subject: commandFilter(command), data: bytes(command) };
};

const commands: Kind = {
  name: "commands",
  harms: "actuators: what devices are told to do",
  process: "gateway",
  forge: (arena, n) => ({
    record: commandOf(`forged-${n}`),
    harm: () =>
      Promise.resolve(unless(!arena.told.includes(`forged-${n}`), "the valve is told to open")),
  }),
  older: {},
  good: (arena, n) => arena.signed(commandOf(`fine-${n}`)),
  isHandled: async (arena, n) => {
    await eventually("the good one arrives", () => arena.told.includes(`fine-${n}`));
  },
};

export const KINDS: readonly Kind[] = [
  ...[devices, rules, contracts, acknowledgements, notifiers, commands],
];

/** A command that its device has answered, signed, with the answer gone. */
export async function answered(arena: RegionArena, id: string): Promise<Message> {
  const record = arena.signed(commandOf(id));
  await arena.append("region", record);
  await eventually("the valve is told", () => arena.told.includes(id));
  await arena.answerAndForget(id);
  return record;
}
