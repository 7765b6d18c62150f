// Goal: every alert is told at least once, at most once more for every kill, under an id that shows it;
// nothing that is slow, dead or away makes it otherwise or delays somebody else.
// Method: real nats-servers, SMTP and HTTP servers, notifiers that are killed at seeded moments.
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { isSigned } from "../support/webhook-receiver.ts";
import type { Alert } from "../../contracts/messages/alert.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { HookServer, MailServer, raise, someAlerts } from "../support/notifications.ts";
import { makeNotifier, staying, statusOf, stepOf } from "../support/notifiers.ts";
import { seededRandom } from "../support/seed.ts";
import { skerry } from "../support/skerry.ts";

const FAST = { ratePerMinute: 60_000 };
const EMAIL = { name: "mail", kind: "email", from: "skerry@test", to: ["ops@test"], ...FAST };
const SECRET = "s3cret";

/** A dozen commands and a cut that has to be noticed take a while on a busy machine. */
vi.setConfig({ testTimeout: 120_000 });

test("kills, a mail server that refuses and one that is down: every alert, repeats only by kills", async () => {
  const { seed, random } = seededRandom();
  console.log(`SKERRY_SEED=${seed}`);
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await startHubAndRegions({ regions: ["eu"] }));
  const mail = stack.use(await MailServer.start());
  const notifier = await makeNotifier(stack, world, [EMAIL], { SKERRY_SMTP_URL: mail.url });
  // After which mail, and how long after it was taken: before the notifier knows, or in the next one.
  const kills = new Map(
    [0, 1, 2].map((at) => [10 + at * 60 + Math.floor(random() * 50), random() * 8] as const),
  );
  let refusals = 0;
  mail.refuse = () => (mail.mails.length === 75 && (refusals += 1) <= 2 ? 451 : null);
  let killed = 0;
  let isDown: Promise<void> | null = null;
  mail.taken = (count) => {
    if (count === 130) isDown = mail.down();
    const delayMs = kills.get(count);
    if (delayMs === undefined) return;
    const { pid } = notifier.process;
    setTimeout(() => {
      killed += 1;
      process.kill(pid!, "SIGKILL");
    }, delayMs);
  };
  await notifier.process.start();
  const eu = await world.region("eu").connect();
  const alerts = await raise(eu, "eu", staying(200));
  const steps = () => mail.mails.flatMap((one) => one.steps);
  const told = () => new Set(steps());
  await eventually(
    "all alerts are told",
    async () => {
      if (notifier.process.exited) await notifier.process.start();
      if (isDown && (await statusOf(notifier, "mail")).lastError?.includes("ECONNREFUSED")) {
        await isDown;
        isDown = null;
        await mail.up();
      }
      return told().size >= 200;
    },
    50_000,
  );
  await eventually("its position is saved", async () => {
    const { doneSeq, waiting } = await statusOf(notifier, "mail");
    return doneSeq === 200 && waiting === 0;
  });
  expect(told()).toEqual(new Set(alerts.map(stepOf)));
  const repeats = steps().length - 200;
  expect(new Set(mail.mails.map(({ messageId }) => messageId)).size).toBe(
    mail.mails.length - repeats,
  );
  console.log(`kills after ${[...kills.keys()].join()}, ${refusals} refusals, ${repeats} repeats`);
  expect(killed).toBe(3);
  expect(refusals).toBeGreaterThanOrEqual(2);
  expect(repeats).toBeLessThanOrEqual(killed);
});

test("a webhook is signed; a dead one delays nobody, ends in dead letters, and a retry delivers", async () => {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await startHubAndRegions({ regions: ["eu"] }));
  const mail = stack.use(await MailServer.start());
  const good = stack.use(await HookServer.start());
  const bad = stack.use(await HookServer.start());
  const hook = { kind: "webhook", format: "json", secret: "$HOOK_SECRET", ...FAST };
  const slack = {
    name: "chat",
    kind: "webhook",
    format: "slack",
    url: "$CHAT",
    severities: ["critical"],
  };
  const deadUrl = `http://127.0.0.1:${await freePort()}/`;
  const channels = [
    EMAIL,
    { ...hook, name: "good", url: good.url },
    { ...hook, name: "bad", url: bad.url },
    { ...hook, name: "dead", url: deadUrl, giveUpAfter: "3s" },
    slack,
  ];
  const notifier = await makeNotifier(stack, world, channels, {
    SKERRY_SMTP_URL: mail.url,
    HOOK_SECRET: SECRET,
    CHAT: good.url.replace("/hook", "/chat"),
  });
  bad.answer = () => ({ status: 410 });
  // Once asked to wait, then unable, then it works.
  good.answer = (count) =>
    count === 1
      ? { status: 429, headers: { "retry-after": "2" } }
      : { status: count === 2 ? 503 : 200 };
  await notifier.process.start();
  const eu = await world.region("eu").connect();
  const alerts = await raise(eu, "eu", staying(10));
  await eventually("the mail is there", () => mail.mails.length === 10);
  // The dead webhook still tries its first message then.
  expect((await statusOf(notifier, "dead")).deadLetters).toBe(0);
  await eventually("the good webhook has all", () => good.hooks.length === 12);
  expect(good.hooks[1]!.atMs - good.hooks[0]!.atMs).toBeGreaterThanOrEqual(1_950);
  const delivered = good.hooks.slice(2);
  for (const { headers, body } of good.hooks) {
    const header = headers["x-skerry-signature"] as string;
    const now = { secret: SECRET, nowSeconds: Date.now() / 1000, toleranceSeconds: 60 };
    expect(isSigned(body, header, now)).toBe(true);
  }
  const ids = delivered.map(({ body }) => (JSON.parse(body) as { id: string }).id);
  expect(ids).toEqual(alerts.map((alert) => `<${stepOf(alert)}@skerry>`));
  expect(good.hooks[0]!.headers["x-skerry-delivery"]).toBe(
    good.hooks[2]!.headers["x-skerry-delivery"],
  );
  expect(new Set(delivered.map(({ headers }) => headers["x-skerry-delivery"])).size).toBe(10);

  // One message after the other: the dead one gives up on each after its 3 s.
  for (const channel of ["bad", "dead"])
    await eventually(
      `${channel} gave up on all`,
      async () => {
        const { deadLetters, doneSeq } = await statusOf(notifier, channel);
        return deadLetters === 10 && doneSeq === 10;
      },
      60_000,
    );
  expect(bad.hooks.length).toBe(10);
  const at = ["--at", "hub", "--nats", world.hub.url];
  const listed = (await skerry(["notify", "dead", "list", ...at])).out.trim().split("\n");
  expect(listed.length).toBe(20);
  expect(listed[0]).toMatch(
    /^\d+ \S+ bad eu: firing rule-0 place-0, 1 alert, after 1 attempt: HTTP 410: answer$/,
  );
  expect(listed.find((line) => line.includes(" dead eu: "))).toMatch(
    /after \d+ attempts?: .*ECONNREFUSED/,
  );

  // Still dead: a dead letter again, not lost.
  const badSeqs = listed
    .filter((line) => line.includes(" bad eu: "))
    .map((line) => line.split(" ")[0]!);
  const one = await skerry(["notify", "dead", "retry", badSeqs[0]!, ...at]);
  expect(one).toEqual({ code: 0, out: "1 message to be sent again\n" });
  await eventually("it is a dead letter again", async () => {
    const { out } = await skerry(["notify", "dead", "list", ...at]);
    return (
      bad.hooks.length === 11 && out.trim().split("\n").length === 20 && !out.includes("again")
    );
  });
  bad.answer = () => ({ status: 204 });
  expect((await skerry(["notify", "dead", "retry", "--all", ...at])).out).toContain("20 messages");
  await eventually("the retries are delivered", () => bad.hooks.length === 21);
  expect(new Set(bad.hooks.slice(11).map(({ body }) => body))).toEqual(
    new Set(bad.hooks.slice(0, 10).map(({ body }) => body)),
  );
  expect((await skerry(["notify", "dead", "retry", "999", ...at])).code).toBe(1);

  await raise(eu, "eu", [{ id: "c", severity: "critical" }]);
  await eventually("chat has it", () => good.hooks.some(({ body }) => body.includes("blocks")));
  const chat = good.hooks.find(({ body }) => body.includes("blocks"))!;
  expect(JSON.parse(chat.body)).toMatchObject({ text: "FIRING critical: co2-high room-1 (eu)" });
  expect(chat.headers).not.toHaveProperty("x-skerry-signature");
  await eventually("it is counted", async () => {
    const metrics = await (await fetch(notifier.url("/metrics"))).text();
    return /skerry_notifier_messages_total\{[^}]*channel="mail"[^}]*\} 11/.test(metrics);
  });
}, 120_000);

test("a move between hub and region: every alert is told once, also by a place that was behind", async () => {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await startHubAndRegions({ regions: ["eu"] }));
  const hubHook = stack.use(await HookServer.start());
  const regionHook = stack.use(await HookServer.start());
  const hook = { name: "hook", kind: "webhook", format: "json", ...FAST };
  const atHub = await makeNotifier(stack, world, [{ ...hook, url: hubHook.url }], {});
  const inRegion = await makeNotifier(stack, world, [{ ...hook, url: regionHook.url }], {
    place: "eu",
  });
  await Promise.all([atHub.process.start(), inRegion.process.start()]);
  const eu = await world.region("eu").connect();
  const told = (server: HookServer) =>
    server.hooks.map(({ body }) => (JSON.parse(body) as { id: string }).id);
  const assign = (place: string) =>
    skerry(["notify", "assign", "eu", place, "--nats", world.hub.url]);

  // Alerts come all the time, also while moves are made.
  const raised: string[] = [];
  let raising = true;
  const all = (async () => {
    for (let n = 0; raising; n++) {
      const [alert] = await raise(eu, "eu", [{ id: `a${n}`, key: `room-${n}` }]);
      raised.push(`<${stepOf(alert!)}@skerry>`);
      await sleep(50);
    }
  })();
  stack.defer(async () => {
    raising = false;
    await all;
  });
  const reaches = (server: HookServer, count: number) =>
    eventually(`${count} are told`, () => server.hooks.length >= count);
  await reaches(hubHook, 10);
  expect((await assign("hub")).out).toBe("eu: hub, as it was\n");
  expect((await assign("region")).out).toMatch(/^eu: region, alerts after \d+\n$/);
  await reaches(regionHook, 10);
  const before = hubHook.hooks.length;
  expect((await assign("hub")).out).toMatch(/^eu: hub, alerts after \d+\n$/);
  await reaches(hubHook, before + 10);

  // The hub is behind when it is relieved, and still tells what was its own.
  hubHook.answer = () => ({ status: 503 });
  const failing = hubHook.hooks.length;
  await reaches(hubHook, failing + 1);
  const inTime = regionHook.hooks.length;
  expect((await assign("region")).code).toBe(0);
  await reaches(regionHook, inTime + 10);
  hubHook.answer = () => ({ status: 200 });
  raising = false;
  await all;
  expect((await skerry(["notify", "status", "--nats", world.hub.url])).out).toMatch(
    new RegExp(`^eu: region, alerts after \\d+, the newest is ${raised.length}\n$`),
  );
  const distinct = () => new Set([...told(hubHook), ...told(regionHook)]);
  await eventually("all are told", () => distinct().size === raised.length);
  expect(distinct()).toEqual(new Set(raised));
  const both = told(regionHook).filter((id) => told(hubHook).includes(id));
  expect(both).toEqual([]);
  expect(new Set(told(regionHook)).size).toBe(told(regionHook).length);

  expect((await assign("moon")).code).toBe(2);
  const nowhere = await skerry(["notify", "assign", "us", "region", "--nats", world.hub.url]);
  expect(nowhere.out).toContain('the hub has no copy of alerts of a region "us"');
  expect((await assign("hub")).code).toBe(0);
  await world.region("eu").process.kill();
  const away = await assign("region");
  expect(away.code).toBe(0);
  const back = await assign("hub");
  expect(back.out).toContain("nothing is heard of eu");
  expect((await skerry(["notify", "status", "--nats", world.hub.url])).out).toContain("eu: region");
});

test("while the nats-server is away nothing is repeated; old alerts are skipped; a storm is a digest", async () => {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await startHubAndRegions({ regions: ["eu"] }));
  const mail = stack.use(await MailServer.start());
  const hook = stack.use(await HookServer.start());
  const storm = {
    name: "storm",
    kind: "webhook",
    format: "json",
    url: hook.url,
    ratePerMinute: 30,
  };
  const notifier = await makeNotifier(stack, world, [EMAIL, storm], {
    SKERRY_SMTP_URL: mail.url,
    SKERRY_NOTIFY_AGE_MAX: "10s",
  });
  const eu = await world.region("eu").connect();
  await raise(eu, "eu", someAlerts(6, "old"));
  const oldMs = Date.now();
  await eventually("they are old", () => Date.now() - oldMs > 10_000);
  let killed = false;
  mail.taken = (count) => {
    if (count !== 5) return;
    killed = true;
    process.kill(world.hub.process.pid!, "SIGKILL");
  };
  await notifier.process.start();
  const alerts = await raise(eu, "eu", staying(100));
  await eventually("the hub's nats-server was killed", () => killed && world.hub.process.exited);
  await world.hub.process.start();
  const ids = () => mail.mails.flatMap(({ steps }) => steps);
  await eventually("all are told", () => new Set(ids()).size === 100, 40_000);
  expect(ids()).toEqual(alerts.map(stepOf));
  const { skipped } = await statusOf(notifier, "mail");
  expect(skipped).toBe(6);
  await notifier.process.said(/"alerts":6,"msg":"skipped alerts that are too old/);

  interface Told {
    kind: string;
    alerts: { id: string; state: string }[];
  }
  const told = () => hook.hooks.map(({ body }) => JSON.parse(body) as Told);
  const inHooks = () => told().flatMap((one) => one.alerts.map((alert) => stepOf(alert as Alert)));
  await eventually("the storm is told", () => inHooks().length === 100, 40_000);
  expect(inHooks()).toEqual(alerts.map(stepOf));
  expect(told().some(({ kind }) => kind === "digest")).toBe(true);
  expect(hook.hooks.length).toBeLessThan(40);
});
