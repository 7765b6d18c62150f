// Goal: a rule saved at the hub acts in both regions without a restart and leaves the other rules'
// state alone; a region that is cut off keeps its rules and catches up.
// Method: real servers and engines, the command line, a WAN that is cut; readings that would raise each
// rule's alert are written all the time.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { expect, test } from "vitest";
import type { AlertingStatus } from "../../contracts/messages/status.ts";
import type { Alert } from "../../contracts/messages/alert.ts";
import { FrameWriter } from "../support/nats-frames.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { type ServerProcess } from "../support/server-process.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { makeService } from "../support/services.ts";
import { TcpProxy } from "../../infra/local/demo/tcp-proxy.ts";
import { skerry } from "../support/skerry.ts";

const REGIONS = ["eu", "us"] as const;
const CUT_MS = 4_000;

const rule = (id: string, version: number, above: number) => ({
  id,
  version,
  kind: "threshold",
  contract: "environment",
  when: `co2 > ${above}`,
});

test("saved, changed and deleted rules act everywhere, also after a cut", async () => {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  let wan: TcpProxy | null = null;
  const world = stack.use(
    await startHubAndRegions({
      regions: REGIONS,
      partitions: 1,
      wan: async (leafPort) => {
        const port = await freePort();
        wan = stack.use(await TcpProxy.listen(port, leafPort));
        return port;
      },
    }),
  );
  const engines = new Map<string, () => Promise<AlertingStatus>>();
  const processes: ServerProcess[] = [];
  const connections = new Map<string, NatsConnection>();
  let writing = true;
  const written: Promise<void>[] = [];
  for (const region of REGIONS) {
    const engine = await makeService("gateway/alerting/main.ts", {
      SKERRY_REGION: region,
      SKERRY_NATS_URL: world.region(region).urlOf("alerting"),
      SKERRY_PARTITIONS: "1",
    });
    stack.use(engine.process);
    processes.push(engine.process);
    await engine.process.start();
    engines.set(region, () => engine.status<AlertingStatus>());
    const connection = await world.region(region).connect();
    connections.set(region, connection);
    const writer = new FrameWriter({ region, partition: 0 });
    written.push(
      (async () => {
        for (let seq = 1; writing; seq++) {
          const ts = Date.now();
          const rest = { temperature: 20, humidity: 40, light: 1, occupancy: 1 };
          const payload = { ts, seq, co2: 2_000, ...rest };
          const reading = { device: "room", contract: "environment", receivedAtMs: ts, payload };
          await writer.publish(connection, [reading], ts);
          await sleep(100);
        }
      })(),
    );
  }
  stack.defer(async () => {
    writing = false;
    await Promise.all(written);
  });
  const file = join(directory.path, "rules.json");
  const save = async (...rules: object[]) => {
    await writeFile(file, JSON.stringify(rules));
    return skerry(["rules", "apply", file, "--nats", world.hub.url]);
  };
  const alerts = async (region: string): Promise<Record<string, string>> => {
    const { streams } = await connections.get(region)!.jetstreamManager();
    const subjects = { subjects_filter: ">" };
    const { state } = await streams.info(`ALERTS_${region}`, subjects);
    const found: Record<string, string> = {};
    for (const subject of Object.keys(state.subjects ?? {})) {
      const last = await streams.getMessage(`ALERTS_${region}`, { last_by_subj: subject });
      const alert = last.json<Alert>();
      found[alert.rule] = `${alert.state} ${alert.id}`;
    }
    return found;
  };
  const inBoth = async (what: string, holds: (of: Record<string, string>) => boolean) => {
    const startMs = performance.now();
    for (const region of REGIONS)
      await eventually(`${what} in ${region}`, async () => holds(await alerts(region)));
    console.log(`${what} in both regions after ${Math.round(performance.now() - startMs)} ms`);
  };
  const isFiring = (id: string) => (found: Record<string, string>) =>
    found[id]?.startsWith("firing") === true;

  const refused = await save(rule("a", 1, 1_000), {
    ...rule("b", 1, 1_000),
    when: "co2 > 1 && co3 > 1",
  });
  expect(refused.code).toBe(1);
  expect(refused.out).toContain('rule "b": /when: line 1, column 12: Unknown variable: co3');
  expect((await skerry(["rules", "list", "--nats", world.hub.url])).out).toBe("no rules\n");

  expect((await save(rule("a", 1, 1_000), rule("b", 1, 1_000))).out).toBe(
    "a v1: saved\nb v1: saved\n",
  );
  await inBoth("both rules fire", (of) => isFiring("a")(of) && isFiring("b")(of));
  const first = await alerts("eu");

  const same = await save(rule("b", 1, 5_000));
  expect([same.code, same.out]).toEqual([
    1,
    expect.stringContaining("raise its version") as string,
  ]);
  expect((await save(rule("b", 2, 5_000))).code).toBe(0);
  await inBoth("the changed rule has resolved", (of) => of["b"]?.startsWith("resolved") === true);
  expect((await alerts("eu"))["a"]).toBe(first["a"]);

  wan!.cut();
  expect((await save(rule("c", 1, 1_000))).code).toBe(0);
  await sleep(CUT_MS);
  for (const status of engines.values())
    expect((await status()).rules.map(({ id }) => id).sort()).toEqual(["a", "b"]);
  wan!.heal();
  await inBoth("a rule saved during the cut fires", isFiring("c"));

  const gone = await skerry(["rules", "delete", "a", "--nats", world.hub.url]);
  expect(gone.out).toBe("a: deleted\n");
  await inBoth("a deleted rule has resolved", (of) => of["a"]?.startsWith("resolved") === true);
  expect((await save(rule("a", 1, 1_000))).out).toBe("a v1: saved\n");
  await inBoth("a rule that was deleted and is saved again fires", isFiring("a"));

  // A rule that is changed while an engine is dead, before it had saved what it raised last.
  const [dead] = processes;
  await dead!.kill();
  expect((await save(rule("c", 2, 5_000))).code).toBe(0);
  expect((await skerry(["rules", "delete", "a", "--nats", world.hub.url])).code).toBe(0);
  await dead!.start();
  await inBoth("what they had raised has resolved", (of) =>
    ["a", "c"].every((id) => of[id]?.startsWith("resolved") === true),
  );
  expect((await save(rule("c", 3, 1_000))).code).toBe(0);
  await inBoth("the changed rule fires again", isFiring("c"));

  // The same rules over what the region has recorded: its log, and a file of it.
  writing = false;
  await Promise.all(written);
  const recorded = join(directory.path, "recorded.jsonl");
  const other = join(directory.path, "other.json");
  await writeFile(file, JSON.stringify([rule("b", 2, 5_000), rule("c", 3, 1_000)]));
  await writeFile(other, JSON.stringify([rule("d", 1, 1_000), rule("c", 4, 5_000)]));
  const at = ["--region", "eu", "--nats", world.region("eu").url, "--since", "1h"];
  const live = await skerry(["rules", "test", file, ...at, "--record", recorded, "--strict"]);
  expect(live.out).toMatch(/c room firing: .*\n1 alert over \d+ readings\n/);
  expect(live.out).toContain("against the saved rules: 0 gained, 0 lost");
  expect(live.code).toBe(0);
  const against = ["--against", file, "--strict"];
  const changed = await skerry(["rules", "test", other, "--data", recorded, ...against]);
  expect(changed.out).toMatch(/gained: .* d room firing/);
  expect(changed.out).toMatch(/lost: .* c room firing/);
  expect(changed.code).toBe(1);
  // Contracts that are published and do not ship.
  const schema = { type: "object", properties: { bar: { type: "number", "x-role": "field" } } };
  const schemas = join(directory.path, "schemas");
  await mkdir(join(schemas, "pump"), { recursive: true });
  await writeFile(join(schemas, "pump/v1.json"), JSON.stringify(schema));
  const publishing = ["contracts", "publish", "--schemas", schemas, "--nats", world.hub.url];
  expect((await skerry(publishing)).code).toBe(0);
  const pump = join(directory.path, "pump.json");
  await writeFile(
    pump,
    JSON.stringify([{ ...rule("p", 1, 5), contract: "pump", when: "bar > 5" }]),
  );
  const reading = { device: "p1", contract: "pump", payload: { bar: 7 }, receivedAtMs: 1_000 };
  const pumps = join(directory.path, "pumps.jsonl");
  await writeFile(pumps, JSON.stringify(reading));
  const known = await skerry(["rules", "test", pump, "--data", pumps, "--nats", world.hub.url]);
  expect(known.out).toContain("p p1 firing");
  const nowhere = ["--nats", "nats://127.0.0.1:1"];
  const unknown = await skerry(["rules", "test", pump, "--data", pumps, ...nowhere]);
  expect(unknown.out).toContain('contract "pump" is not in');
  await writeFile(recorded, '{"device":"a","contract":"environment"}\n');
  const broken = await skerry(["rules", "test", other, "--data", recorded]);
  expect(broken.out).toContain("recorded.jsonl:1: payload is missing");
});
