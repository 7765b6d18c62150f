// What is tried by whoever may write to a nats-server, and has no key: each kind of record, by each way to make it look
// like one that the hub has signed.
import type { Attempt } from "../attempt.ts";
import type { Message, Origin, RegionArena } from "./arena.ts";
import { type Forgery, KINDS, type Kind, type Older, answered, removalOf } from "./kinds.ts";
import { TRICKS } from "./tricks.ts";

type Of = Attempt<RegionArena>;

const ROLES: readonly (readonly [Origin, role: string])[] = [
  ["hub", "nats user admin of hub, without a key of records"],
  ["region", "region eu, taken over"],
];

const RAISED = 1_000_000_000;

/** Ways to put a record of before back; it has a valid signature. */
const PUT_BACK: readonly (readonly [
  name: string,
  how: string,
  of: (record: Message) => Message,
])[] = [
  ["as-it-was", "its own signature", (record) => record],
  [
    "raised",
    "its own signature, with a higher number",
    (record) => {
      const [version, key, number, ...rest] = record.signature!.split(" ");
      const parts = [version, key, Number(number) + RAISED, ...rest];
      return { ...record, signature: parts.join(" ") };
    },
  ],
];

/** Writes good records, the attacker's, and a good one behind it; then looks. */
async function tryIt(
  arena: RegionArena,
  of: {
    readonly origin: Origin;
    readonly kind: Kind;
    readonly forgery: (n: number) => Promise<Forgery> | Forgery | Older;
    readonly sign: (record: Message, good: Message) => Message;
  },
): Promise<string | null> {
  const { origin, kind, forgery, sign } = of;
  const handled = async (good: Message, n: number): Promise<void> => {
    await arena.append(origin, good);
    await kind.isHandled(arena, n);
  };
  const n = arena.next();
  const made = await forgery(n);
  const { harm } = made;
  let { record } = made;
  if ("then" in made) {
    record = arena.signed(record);
    // Each is handled before the next: a bucket keeps one record of a key.
    for (const one of [record, ...made.then]) {
      await arena.append(origin, one === record ? record : arena.signed(one));
      const at = arena.next();
      await handled(kind.good(arena, at), at);
    }
  }
  const good = kind.good(arena, n);
  await arena.append(origin, sign(record, good));
  await handled(good, n);
  return harm();
}

const common = { wall: "signatures" as const, comparesState: false as const };

const forged: readonly Of[] = ROLES.flatMap(([origin, role]) =>
  KINDS.flatMap((kind) =>
    TRICKS.map(({ name, how, sign }): Of => ({
      ...common,
      ...{ id: `signed/${origin}/${kind.name}/${name}`, role, harms: kind.harms, trick: how },
      tries: `write a record of ${kind.name} that counts in region eu`,
      control: `signed ${kind.name} ${name}`,
      run: (arena) =>
        tryIt(arena, {
          ...{ origin, kind },
          forgery: (n) => kind.forge(arena, n),
          sign: (record, good) => sign(arena, record, { good, key: arena.key }),
        }),
    })),
  ),
);

const putBack: readonly Of[] = ROLES.flatMap(([origin, role]) =>
  KINDS.flatMap((kind) =>
    Object.entries(kind.older).flatMap(([what, older], at) =>
      PUT_BACK.map(([name, how, sign]): Of => ({
        ...common,
        ...{ id: `signed/${origin}/${kind.name}/older-${at}-${name}`, role, harms: kind.harms },
        ...{ tries: `put back ${what}`, trick: `an older record, with ${how}` },
        control: `signed ${kind.name} older ${at} ${name}`,
        run: (arena) => tryIt(arena, { origin, kind, forgery: (n) => older(arena, n), sign }),
      })),
    ),
  ),
);

const removed: readonly Of[] = ROLES.flatMap(([origin, role]) =>
  KINDS.flatMap((kind) => {
    const { removed: of } = kind;
    if (of === undefined) return [];
    return {
      ...common,
      ...{ id: `signed/${origin}/${kind.name}/removed`, role, harms: kind.harms },
      ...{ tries: `remove a record of ${kind.name}`, trick: "a mark without a signature" },
      control: `signed ${kind.name} removed`,
      run: (arena: RegionArena) =>
        tryIt(arena, { origin, kind, forgery: (n) => of(arena, n), sign: removalOf }),
    };
  }),
);

const TAKEN_OVER = ROLES[1]![1];

/** An older record, and its reader started again where the copy holds nothing newer of its key. */
const restarted: readonly Of[] = KINDS.filter(({ name }) =>
  ["devices", "rules"].includes(name),
).map((kind): Of => ({
  ...common,
  ...{ id: `signed/region/${kind.name}/restarted`, role: TAKEN_OVER, harms: kind.harms },
  tries: `put back ${Object.keys(kind.older)[0]}`,
  trick: "an older record in the copy, and the process killed and started again",
  control: `signed ${kind.name} restarted`,
  run: (arena) =>
    tryIt(arena, {
      ...{ origin: "region", kind, sign: (record) => record },
      forgery: (n) => {
        const forgery = Object.values(kind.older)[0]!(arena, n);
        const harm = async (): Promise<string | null> => {
          await arena.restart(kind.process);
          return forgery.harm();
        };
        return { ...forgery, harm };
      },
    }),
}));

const again: readonly Of[] = ([false, true] as const).map((restarts): Of => {
  const kind = KINDS.find(({ name }) => name === "commands")!;
  return {
    ...common,
    ...{ id: `signed/region/commands/again${restarts ? "-restarted" : ""}`, role: TAKEN_OVER },
    ...{ harms: kind.harms, tries: "have a command carried out twice" },
    trick: `the signed command once more, its answer removed${restarts ? ", and the gateway started again" : ""}`,
    control: `signed commands again ${restarts}`,
    run: async (arena) => {
      const n = arena.next();
      const id = `once-${n}`;
      const record = await answered(arena, id);
      const toldBefore = arena.told.filter((one) => one === id).length;
      await arena.append("region", record);
      if (restarts) await arena.restart("gateway");
      await arena.append("region", kind.good(arena, n));
      await kind.isHandled(arena, n);
      const told = arena.told.filter((one) => one === id).length;
      return told > (restarts ? 0 : toldBefore) ? "the valve is told once more" : null;
    },
  };
});

export const RECORD_ATTEMPTS: readonly Of[] = [
  ...[...forged, ...putBack, ...removed, ...restarted, ...again],
];
