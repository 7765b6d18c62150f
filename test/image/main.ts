// `npm run image`: the image as it is run, hardened: every process in it, a SIGTERM under load, a whole installation.
// It is no part of `npm test`, because it takes minutes and podman; without podman it fails.
import { execFileSync } from "node:child_process";
import { PROCESS_NAMES } from "../../infra/processes/processes.ts";
import { drainsAndLosesNothing, everyRole } from "./roles.ts";
import { podman, runToEnd } from "./container.ts";

const image = process.argv[2] ?? "localhost/skerry";

const programAt = (name: string): string =>
  execFileSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim();

async function processesAreThere(image: string): Promise<string> {
  const script = `for name in ${PROCESS_NAMES.join(" ")}; do skerry $name --help | grep -q SKERRY_LOG_LEVEL || echo "not there: $name"; done`;
  const text = await runToEnd({
    image,
    args: ["-c", script],
    options: ["--entrypoint", "/bin/sh"],
  });
  if (text.trim() !== "") throw new Error(text);
  return PROCESS_NAMES.join(", ");
}

async function nothingElseIsWritten(image: string): Promise<string> {
  const script =
    'for d in / /opt/skerry /usr /etc /var; do touch $d/x 2>/dev/null && echo "writable: $d"; done; touch /data/x /tmp/x && id -u';
  const options = ["--entrypoint", "/bin/sh"];
  const text = (await runToEnd({ image, args: ["-c", script], options })).trim();
  if (text !== "10001") throw new Error(`expected user 10001 and nothing writable: ${text}`);
  return "user 10001 writes in /data and /tmp only";
}

/** `skerry up`: two regions, the hub, InfluxDB and devices, with the servers of this machine put into the container. */
async function wholeInstallation(image: string): Promise<string> {
  const servers = ["nats-server", "influxd"].flatMap((name) => [
    "--volume",
    `${programAt(name)}:/usr/local/bin/${name}:ro`,
  ]);
  const text = await runToEnd({
    image,
    args: ["up", "--port-base", "19600", "--run-for", "10s"],
    options: servers,
    memory: "2g",
  });
  const audit = /acknowledged (\d+), stored \d+, missing 0, duplicated 0/.exec(text);
  if (!audit || Number(audit[1]) === 0) throw new Error(text.slice(-3_000));
  return audit[0];
}

const CHECKS = {
  processesAreThere,
  nothingElseIsWritten,
  everyRole,
  drainsAndLosesNothing,
  wholeInstallation,
};

try {
  await podman(["image", "exists", image]);
} catch (error) {
  const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
  const why = missing
    ? "podman is not installed"
    : `there is no image ${image}: infra/image/build.sh`;
  process.stderr.write(`nothing was checked: ${why}\n`);
  process.exit(1);
}
let failed = 0;
for (const [name, check] of Object.entries(CHECKS)) {
  try {
    process.stdout.write(`ok      ${name}: ${await check(image)}\n`);
  } catch (error) {
    failed++;
    process.stdout.write(`failed  ${name}: ${(error as Error).message}\n`);
  }
}
process.exit(failed === 0 ? 0 : 1);
