// What is tried by whoever may write alerts of a region, and has no key of its engine: have the valve told to open, or not.
import { alertSubject } from "../../../contracts/names/subjects.ts";
import type { AlertState } from "../../../contracts/messages/alert.ts";
import type { NatsUser } from "../../../platform/nats/topology/permissions.ts";
import { anAlert } from "../../support/an-alert.ts";
import { eventually } from "../../support/eventually.ts";
import type { Attempt } from "../attempt.ts";
import { type Message, type RegionArena, VALVE, bytes } from "./arena.ts";
import { TRICKS } from "./tricks.ts";

type Of = Attempt<RegionArena>;

/** Whoever may write alerts, and of which rule. */
const ROLES: readonly (readonly [user: NatsUser, role: string, rule: string])[] = [
  ["alerting", "nats user alerting of eu, without the engine's key", "level"],
  ["gateway", "nats user gateway of eu, without the engine's key", "copy_stopped"],
  ["admin", "region eu, taken over, without the engine's key", "level"],
];

const HOUR_MS = 3_600_000;
const WAITS_WITHIN_MS = 2_000;

interface Step {
  readonly id: string;
  readonly rule?: string;
  readonly state?: AlertState;
  /** What the valve is told. */
  readonly open?: boolean;
}

/** A step of an alert whose key is its id; the command of one that fires is `{id}-firing-0`. */
function stepOf({ id, rule = "level", state = "firing", open }: Step): Message {
  const command = { device: VALVE, payload: { open }, expiresMs: HOUR_MS };
  const commands = open === undefined ? {} : { commands: [command] };
  const alert = anAlert({ id, rule, key: id, state, receivedAtMs: Date.now(), ...commands });
  return { subject: alertSubject(alert), data: bytes(alert) };
}

const commandOf = (id: string, state: AlertState = "firing"): string => `${id}-${state}-0`;

const engineSigned = (arena: RegionArena, step: Message): Message =>
  arena.signed(step, arena.engineKey);

/** A step that the engine has signed, which the gateway has handled once this resolves. */
async function raised(arena: RegionArena, step: Message, id: string): Promise<Message> {
  const signed = engineSigned(arena, step);
  await arena.publish("admin", signed);
  await eventually("the valve is told", () => arena.told.includes(commandOf(id)));
  return signed;
}

/** What came before in the region's alerts is handled. */
async function handled(arena: RegionArena): Promise<void> {
  const id = `fine-${arena.next()}`;
  await raised(arena, stepOf({ id, open: false }), id);
}

const timesTold = (arena: RegionArena, id: string): number =>
  arena.told.filter((one) => one === commandOf(id)).length;

const common = {
  ...{ wall: "alert-signatures" as const, comparesState: false as const },
  harms: "actuators: what devices are told to do",
};

const forged: readonly Of[] = ROLES.flatMap(([user, role, rule]) =>
  TRICKS.map(({ name, how, sign }): Of => ({
    ...common,
    ...{ id: `alert-commands/${user}/${name}`, role, trick: `an alert with ${how}` },
    tries: `have the valve told to open by an alert of rule ${rule}`,
    control: `alert command ${name}`,
    run: async (arena) => {
      const id = `forged-${arena.next()}`;
      const good = engineSigned(arena, stepOf({ id: `other-${arena.next()}`, open: false }));
      const step = stepOf({ id, rule, open: true });
      await arena.publish(user, sign(arena, step, { good, key: arena.engineKey }));
      await handled(arena);
      return timesTold(arena, id) > 0 ? "the valve is told to open" : null;
    },
  })),
);

/** Alerts of the engine's, and what somebody writes behind them. */
const TAMPERING: readonly {
  readonly name: string;
  readonly tries: string;
  readonly trick: string;
  readonly run: (arena: RegionArena, user: NatsUser, id: string) => Promise<string | null>;
}[] = [
  {
    ...{ name: "hub-key", tries: "have the valve told to open" },
    trick: "an alert signed by the key of the hub's records",
    run: async (arena, user, id) => {
      await arena.publish(user, arena.signed(stepOf({ id, open: true })));
      await handled(arena);
      return timesTold(arena, id) > 0 ? "the valve is told to open" : null;
    },
  },
  {
    ...{ name: "changed", tries: "have the valve told something else" },
    trick: "the engine's alert with its signature, and another command",
    run: async (arena, user, id) => {
      const { signature } = await raised(arena, stepOf({ id, open: false }), id);
      const forgedId = `${id}-more`;
      const { data } = stepOf({ id: forgedId, open: true });
      const { subject } = stepOf({ id });
      await arena.publish(user, { subject, data, signature: signature! });
      await handled(arena);
      return timesTold(arena, forgedId) > 0 ? "the valve is told to open" : null;
    },
  },
  {
    ...{ name: "withdrawn", tries: "take an open command back" },
    trick: "a resolved step without a signature",
    run: async (arena, user, id) => {
      await raised(arena, stepOf({ id, open: false }), id);
      await arena.publish(user, stepOf({ id, state: "resolved" }));
      await handled(arena);
      // What is retained comes in slices, and so perhaps behind the answer to a ping.
      const waits = eventually(
        "it waits",
        async () => (await arena.waiting()).includes(commandOf(id)),
        WAITS_WITHIN_MS,
      );
      return waits.then(
        () => null,
        () => "the command waits no longer",
      );
    },
  },
  {
    ...{ name: "brought-back", tries: "have a command sent that was withdrawn" },
    trick: "the engine's firing step once more, behind its resolved one",
    run: async (arena, user, id) => {
      const firing = await raised(arena, stepOf({ id, open: true }), id);
      await arena.publish("admin", engineSigned(arena, stepOf({ id, state: "resolved" })));
      await handled(arena);
      await arena.publish(user, firing);
      await handled(arena);
      return (await arena.waiting()).includes(commandOf(id)) ? "the command waits again" : null;
    },
  },
  {
    ...{ name: "acknowledged", tries: "have the valve told to open" },
    trick: "a firing step without a signature, and an acknowledgement of it",
    run: async (arena, user, id) => {
      await arena.publish(user, stepOf({ id, open: true }));
      await arena.publish(user, stepOf({ id, state: "acknowledged" }));
      await handled(arena);
      return timesTold(arena, id) > 0 ? "the valve is told to open" : null;
    },
  },
];

const tampering: readonly Of[] = ROLES.filter(([user]) => user !== "gateway").flatMap(
  ([user, role]) =>
    TAMPERING.map(({ name, tries, trick, run }): Of => ({
      ...common,
      ...{ id: `alert-commands/${user}/${name}`, role, tries, trick },
      control: `alert command ${name}`,
      run: (arena) => run(arena, user, `own-${arena.next()}`),
    })),
);

const again: readonly Of[] = ([false, true] as const).map((restarts): Of => ({
  ...common,
  id: `alert-commands/admin/again${restarts ? "-restarted" : ""}`,
  role: ROLES[2]![1],
  tries: "have a command of an alert carried out twice",
  trick: `the engine's step once more, the device's answer removed${restarts ? ", and the gateway started again" : ""}`,
  control: `alert command again ${restarts}`,
  run: async (arena) => {
    const id = `once-${arena.next()}`;
    const step = await raised(arena, stepOf({ id, open: true }), id);
    await arena.answerAndForget(commandOf(id));
    const before = timesTold(arena, id);
    await arena.publish("admin", step);
    if (restarts) await arena.restart("gateway");
    await handled(arena);
    return timesTold(arena, id) > (restarts ? 0 : before) ? "the valve is told once more" : null;
  },
}));

export const ALERT_ATTEMPTS: readonly Of[] = [...forged, ...tampering, ...again];
