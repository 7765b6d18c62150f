// Getting what was gathered for somebody else: by a session that an owner before has left.
import type { Device } from "../../../contracts/device.ts";
import { eventually } from "../../support/eventually.ts";
import { publishPacket } from "../../support/mqtt-client.ts";
import type { Attempt } from "../attempt.ts";
import type { EdgeArena, MqttLogin } from "./arena.ts";

interface Change {
  readonly what: string;
  /** The record under which the session is made; absent: none. */
  readonly before?: Partial<Device>;
  readonly after: readonly Partial<Device>[];
  /** Behind the id. */
  readonly suffix: string;
}

const CHANGES: readonly Change[] = [
  { what: "an id that an anonymous client used is registered", suffix: "", after: [{}] },
  { what: "such an id, with a client id below it", suffix: "/2", after: [{}] },
  {
    what: "an operator becomes a device",
    ...{ before: { role: "operator" }, after: [{ role: "device" }], suffix: "" },
  },
  {
    what: "an observer is revoked, and the id is a device's later",
    ...{ before: { role: "observer" }, suffix: "" },
    after: [
      { role: "observer", revokedAtMs: 2 },
      { role: "device", renewedAtMs: 3 },
    ],
  },
];

/** Logs in once the gateway has heard of the record. */
const comeIn = (arena: EdgeArena, login: MqttLogin) =>
  eventually("it is let in", async () => {
    const answer = await arena.login(login);
    if (answer.code === 0) return answer;
    answer.client.socket.destroy();
    return false;
  });

async function tryIt(arena: EdgeArena, change: Change, version: 4 | 5): Promise<string | null> {
  const id = `guest-of-${arena.next()}`;
  const clientId = `${id}${change.suffix}`;
  const common = { version, clientId, isKept: true, atOpen: true };
  const credentials = (secret: string) => ({ username: id, password: secret });
  const { before } = change;
  const first = before ? credentials(await arena.put(id, before)) : {};
  const { client } = await comeIn(arena, { ...common, ...first });
  const subscriptions = [{ topic: before ? "devices/#" : "#", qos: 1 as const }];
  client.send({ cmd: "subscribe", messageId: 1, subscriptions });
  await client.until(({ cmd }) => cmd === "suback");
  client.send({ cmd: "disconnect" });
  await client.untilClosed();
  const op = await arena.as("op", 5, { atOpen: true });
  const tell = async (messageId: number): Promise<void> => {
    op.send(publishPacket({ topic: "devices/victim/commands/private", payload: "x", messageId }));
    await op.settle();
  };
  await tell(1);
  let secret = "";
  for (const after of change.after) secret = await arena.put(id, after);
  let got = 0;
  // Where every secret is right it may come in before the gateway has heard of the change, which then ends it.
  await eventually("it stays", async () => {
    const { client: back } = await comeIn(arena, { ...common, ...credentials(secret) });
    await tell(2);
    const stays = await back.settle().then(
      () => true,
      () => false,
    );
    got += back.of("publish").length;
    back.socket.destroy();
    return stays;
  });
  op.socket.destroy();
  return got > 0 ? `${got} messages of others` : null;
}

export const SESSION_ATTEMPTS: readonly Attempt<EdgeArena>[] = CHANGES.flatMap((change, at) =>
  ([4, 5] as const).map((version) => ({
    ...{ role: "whoever has an id that was another's", wall: "sessions" as const },
    id: `mqtt/session/${at}/${version}`,
    tries: `get what waits for others: ${change.what}`,
    trick: `a stored session, MQTT ${version === 5 ? "5" : "3.1.1"}`,
    harms: "the secrecy of what was gathered under other rights",
    control: `session ${at}`,
    comparesState: false as const,
    run: (arena) => tryIt(arena, change, version),
  })),
);
