import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { accessControlOfGateway } from "./credentials.ts";
import { type PlanFlags, planOf } from "./plan.ts";
import { render } from "./report.ts";
import { sampleOf } from "./shape.ts";
import { runIngest } from "./run.ts";
import { TARGET_NAMES, type TargetName } from "./targets.ts";

const positive = (raw: string): number => {
  const value = Number(raw);
  if (!(value > 0)) throw new InvalidArgumentError("must be a positive number");
  return value;
};

const counts = (raw: string): number[] => raw.split(",").map(positive);

const targetNames = (raw: string): TargetName[] =>
  raw.split(",").map((name) => {
    const target = TARGET_NAMES.find((known) => known === name);
    if (!target) throw new InvalidArgumentError(`must be some of ${TARGET_NAMES.join(",")}`);
    return target;
  });

interface Flags extends PlanFlags {
  readonly json?: string;
  readonly profile?: string;
  readonly mosquitto?: string;
  readonly natsServer?: string;
}

export const ingestCommand = new Command("ingest")
  .description("This gateway beside Mosquitto, nats-server's own MQTT and bare aedes.")
  .option("--quick", "100 connections only, everything shorter: under 50 s")
  .option("--json <file>", "write ratios and every raw figure there")
  .option("--connections <counts>", "connection counts, for example 1,100,1000,10000", counts)
  .option("--seconds <n>", "length of each measurement", positive)
  .option("--rounds <n>", "rounds; each one goes through all targets", positive)
  .option("--targets <names>", `some of ${TARGET_NAMES.join(",")}`, targetNames)
  .option("--workers <n>", "processes of the load generator", positive)
  .option("--window <n>", "unanswered publishes per connection", positive)
  .option("--rate <n>", "of the paced load, publishes a second (default: 10000)", positive)
  .option("--devices <n>", "that 100 connections speak for, in turn; a multiple of 100", positive)
  .option("--fields <n>", "numbers in a reading, instead of those of environment", positive)
  .option(
    "--payload-bytes <n>",
    "bytes of a reading's JSON: what its numbers leave is text",
    positive,
  )
  .option("--profile <directory>", "write a CPU profile of the gateway there")
  .option("--mosquitto <program>", "of another version than the one installed")
  .option("--nats-server <program>", "of another version, for the target natsMqtt")
  .action(async (flags: Flags) => {
    const plan = planOf(flags);
    // Before anything is started: bytes that do not hold so many fields are said here.
    if (plan.shape) sampleOf(plan.shape);
    const report = await runIngest(plan, {
      access: accessControlOfGateway(),
      peers: { mosquitto: flags.mosquitto, natsServer: flags.natsServer },
      profileDirectory: flags.profile && resolve(flags.profile),
      say: (line) => void process.stderr.write(`${line}\n`),
    });
    process.stdout.write(`\n${render(report)}\n`);
    if (flags.json) writeFileSync(flags.json, `${JSON.stringify(report, null, 2)}\n`);
    // A missed goal is a result; a reading acknowledged and not stored is a failure.
    if (report.acknowledgedIsStored === false) process.exitCode = 1;
  });
