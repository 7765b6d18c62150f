// `npm run interop -- DIRECTORY`: the interoperability suites of Eclipse Paho against the product as it is started;
// `npm run interop -- clients DIRECTORY`: other people's clients (clients.ts). They are no part of `npm test`: they are not ours, and have to be fetched first (README.md here).
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { eventually } from "../support/eventually.ts";
import { Launcher } from "../support/launcher.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { runClients } from "./clients.ts";

/**
 * The suites, and what each wants of the gateway: a topic that nobody may subscribe to; one keep-alive for all, and no
 * reason string in a PUBACK, which its client cannot read.
 */
const SUITES = {
  client_test: ["gateway.anonymous-subscribe=client_test/#"],
  client_test5: ["gateway.limit-keep-alive-seconds-max=60", "gateway.reject-answer-qos1=success"],
} as const;
const DRIVER = join(import.meta.dirname, "paho-driver.py");
/** Failures that are no fault of the broker, by suite and test. */
const EXPLAINED: Readonly<Record<string, string>> = {
  "client_test5 test_subscribe_failure":
    "it wants 0x80; the topic is open in this run, and where it is not the gateway says 0x87, as MQTT 5 (3.9.3) has it",
};

const [first, ...more] = process.argv.slice(2);
if (first === "clients") {
  const [built = "", port = "19700", name] = more;
  process.exit((await runClients(built, Number(port), name)) === 0 ? 0 : 1);
}
const [directory, portText = "19700", only] = [first, ...more];
const folder = ["interoperability", "."].map((part) => join(directory ?? "", part));
const suite = folder.find((one) => existsSync(join(one, "client_test5.py")));
if (directory === undefined || !suite) {
  console.error(
    "say where the suites are: npm run interop -- DIRECTORY (see test/interop/README.md)",
  );
  process.exit(2);
}
execFileSync("python3", ["--version"]);

const portBase = Number(portText);
let failures = 0;
for (const [name, settings] of Object.entries(SUITES)) {
  if (only !== undefined && only !== name) continue;
  await using data = await temporaryDirectory();
  await using launcher = new Launcher(data.path, [
    ...["--port-base", portText, "--devices", "0", "--no-demo-rules"],
    ...settings.flatMap((setting) => ["--set", setting]),
  ]);
  await eventually(
    "everything is started",
    () => {
      if (/failed|error:/i.test(launcher.output)) throw new Error(launcher.output);
      return existsSync(join(data.path, "addresses.json"));
    },
    240_000,
  );
  failures += await run(name, portBase + 12);
}
process.exitCode = failures === 0 ? 0 : 1;

/** Runs one suite and says what came of it. @returns the failures that are not explained. */
async function run(name: string, port: number): Promise<number> {
  const driver = spawn("python3", [DRIVER, suite!, name, String(port)], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const ended = once(driver, "exit");
  let [passed, all, unexplained] = [0, 0, 0];
  for await (const line of createInterface({ input: driver.stdout })) {
    const [, test = "", word, detail = ""] = /^RESULT (\S+) (\S+) ?(.*)$/.exec(line) ?? [];
    if (word === undefined) continue;
    all += 1;
    if (word === "passed") {
      passed += 1;
      continue;
    }
    const why = EXPLAINED[`${name} ${test}`];
    if (why === undefined) unexplained += 1;
    console.log(`  ${name} ${test} failed: ${why ?? detail}`);
  }
  await ended;
  console.log(`${name}: ${passed} of ${all} passed`);
  return all === 0 ? 1 : unexplained;
}
