// Goal: whoever sends a command can send it again without harm, and is told in words what is wrong with it.
import { expect, test } from "vitest";
import { startHubAndRegions } from "../support/nats.ts";
import { skerry } from "../support/skerry.ts";

test("an id is used once; the same command again is the same; errors are clear", async () => {
  await using world = await startHubAndRegions({ regions: ["eu"] });
  const hub = ["--nats", world.hub.url];
  const send = async (payload: unknown, ...more: string[]): Promise<string> => {
    const args = ["commands", "send", "pump-9", "--payload", JSON.stringify(payload)];
    const { code, out } = await skerry([...args, ...more, ...hub]);
    expect(code, out).toBe(0);
    return out.trim();
  };
  const flags = ["--id", "once", "--by", "tester", "--expires", "1m"];
  expect(await send({ a: 1, b: 2 }, ...flags)).toBe("once");
  expect(await send({ b: 2, a: 1 }, ...flags)).toBe("once");
  const refusedWith = async (...args: string[]): Promise<string> => {
    const { code, out } = await skerry(["commands", ...args]);
    expect(code).not.toBe(0);
    return out;
  };
  const other = ["send", "pump-9", "--payload", "3", ...flags, ...hub];
  expect(await refusedWith(...other)).toContain(
    'device "pump-9" has another command with id "once", issued by tester at ',
  );
  const region = ["send", "pump-9", "--payload", "3", "--nats", world.region("eu").url];
  expect(await refusedWith(...region)).toContain("say the hub's URL");
  for (const [args, message] of [
    [["send", "a/b", "--payload", "1"], "device: the id holds /"],
    [["send", "a", "--payload", "{"], "--payload"],
    [["send", "a", "--payload", "1", "--expires", "31d"], "at most 30d"],
    [["send", "a", "--payload", "1", "--id", "x/y"], "the id holds /"],
    [["send", "a", "--payload", JSON.stringify("x".repeat(70_000))], "at most 65536"],
    [["status", "nobody"], 'there is no command "nobody"'],
  ] as const)
    expect(await refusedWith(...args, ...hub)).toContain(message);
  const none = await skerry(["commands", "status", "--device", "nobody", ...hub]);
  expect(none).toEqual({ code: 0, out: "no commands\n" });
});
