// A bridge that repeats what it has retained whenever it connects, which adds no point; and a device that
// publishes each value with RETAIN, equal ones too, which are all new.
import type { Client } from "../client.ts";
import type { ReadingFate, Sent } from "../sent.ts";
import { STRANGERS, type Stranger } from "../stranger.ts";

const BRIDGE = `${STRANGERS}bridge`;
const RETAINER = `${STRANGERS}retainer`;
const QUANTITY = "level";
const BRIDGED = ["a", "b", "c"].map((name) => `${STRANGERS}bridged-${name}`);
const EVERY_MS = 300;
/** Rounds between two values of the bridge, and between two losses of its connection. */
const VALUE_EVERY = 11;
const LOST_EVERY = 26;
/** Equal ones follow each other. */
const RETAINED = [4, 4, 4, 5, 5, 4];

const fateOf = (device: string, value: number, by: ReadingFate["by"]): ReadingFate => ({
  becomes: "reading",
  device,
  contract: "measurement",
  ms: null,
  values: { value, quantity: QUANTITY },
  by,
});

export function retained(): Stranger {
  const latest = new Map<string, { value: number; sent: Sent }>();
  let bridge: Client;
  let repeats: Sent[] = [];
  const publish = (device: string, value: number, by: ReadingFate["by"]): Sent | null =>
    bridge.send({
      topic: `sensors/${device}/${QUANTITY}`,
      payload: String(value),
      retain: true,
      fates: [fateOf(device, value, by)],
    });
  const repeat = (): void => {
    for (const [device, { value, sent }] of latest) {
      // What it still has to deliver goes out again anyway.
      const isPending = sent.answer === null || repeats.some((one) => isOf(one, device));
      if (isPending) continue;
      const again = publish(device, value, "memory");
      if (again) repeats.push(again);
    }
  };
  const isOf = ({ fates, answer }: Sent, device: string): boolean =>
    answer === null && fates.some((fate) => fate.device === device);
  let answeredRepeats = 0;
  const countAnswered = (): void => {
    const open = repeats.filter(({ answer }) => answer === null);
    answeredRepeats += repeats.length - open.length;
    repeats = open;
  };
  return {
    send: async ({ client, pause, over }) => {
      bridge = client({ region: "eu", id: BRIDGE, bridge: true, onConnected: repeat });
      const retainer = client({ region: "us", id: RETAINER });
      for (let made = 0; !over.aborted; made++) {
        if (made % VALUE_EVERY === 0)
          for (const [at, device] of BRIDGED.entries()) {
            const value = made + at / 10;
            const sent = publish(device, value, "place");
            if (sent) latest.set(device, { value, sent });
          }
        if (made % LOST_EVERY === LOST_EVERY - 1) bridge.drop();
        const value = RETAINED[made % RETAINED.length]!;
        retainer.send({
          topic: `sensors/${RETAINER}/${QUANTITY}`,
          payload: String(value),
          retain: true,
          fates: [fateOf(RETAINER, value, "place")],
        });
        countAnswered();
        await pause(EVERY_MS);
      }
    },
    judge: () => {
      countAnswered();
      return answeredRepeats === 0 ? [`${BRIDGE}: repeated nothing that was answered`] : [];
    },
  };
}
