import { Command, Option } from "commander";
import { ensureProductPrograms } from "../prerequisites.ts";
import { machine } from "../processes.ts";
import { FORMAT_NAMES, type Format } from "./formats.ts";
import { type HttpPlan, type MeasuredHttp, measureFloor, measureGateway } from "./measure.ts";

const GOAL_PER_SECOND = 50_000;

interface Flags {
  readonly formats: readonly Format[];
  readonly connections: number;
  readonly batch: number;
  readonly seconds: number;
  readonly rounds: number;
}

const whole = (value: number): string => Math.round(value).toLocaleString("en");

function line({ name, perSecond, requestMs, ...of }: MeasuredHttp, { format }: HttpPlan): string {
  const cores = Object.entries(of.cores).map(([who, used]) => `${who} ${used.toFixed(2)}`);
  const stored =
    of.stored === null
      ? ""
      : `; ${whole(of.acknowledged)} acknowledged, ${whole(of.stored)} in the log${of.devicesAtFault.length > 0 ? `, OUT OF ORDER: ${of.devicesAtFault.join(", ")}` : ", each once, in order"}`;
  return `${format}, ${name}: ${whole(perSecond)} readings/s, a request p50 ${requestMs.p50.toFixed(1)} p99 ${requestMs.p99.toFixed(1)} ms; cores: ${cores.join(", ")}, others ${of.foreignCores.toFixed(2)} with the load${stored}`;
}

export const httpCommand = new Command("http")
  .description("Readings over HTTP, in batches, beside a server that only answers.")
  .addOption(
    new Option("--formats <names>", `some of ${FORMAT_NAMES.join(",")}`)
      .argParser((raw) => raw.split(",") as Format[])
      .default(FORMAT_NAMES),
  )
  .option("--connections <n>", "each with a device of its own", Number, 20)
  .option("--batch <n>", "readings of a request", Number, 100)
  .option("--seconds <n>", "length of each measurement", Number, 5)
  .option("--rounds <n>", "rounds; each one goes through all", Number, 3)
  .action(async ({ formats, rounds, ...of }: Flags) => {
    ensureProductPrograms((text) => void process.stderr.write(`${text}\n`));
    const { cores, model } = machine();
    process.stdout.write(
      `${cores} cores, ${model}; ${of.connections} connections, ${of.batch} readings a request\n`,
    );
    for (const format of formats) {
      const rates: number[] = [];
      const plan: HttpPlan = { ...of, format, warmupSeconds: 2 };
      for (let round = 0; round < rounds; round++)
        for (const measure of [measureGateway, measureFloor]) {
          const one = await measure(plan);
          process.stdout.write(`${line(one, plan)}\n`);
          if (one.stored === null) continue;
          rates.push(one.perSecond);
          const isWhole = one.stored === one.acknowledged && one.devicesAtFault.length === 0;
          if (!isWhole) process.exitCode = 1;
        }
      const median = rates.toSorted((a, b) => a - b)[Math.floor((rates.length - 1) / 2)]!;
      const met = median >= GOAL_PER_SECOND ? "met   " : "MISSED";
      process.stdout.write(
        `${met} ${format}: at least ${whole(GOAL_PER_SECOND)} readings/s (median ${whole(median)})\n`,
      );
    }
  });
