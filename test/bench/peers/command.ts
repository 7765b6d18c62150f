import { resolve } from "node:path";
import { Command } from "commander";
import { ensureBenchPrograms } from "../prerequisites.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import { firstLine, machine } from "../processes.ts";
import {
  type AlertsPlan,
  type MeasuredAlerts,
  measureEkuiper,
  measureOurAlerts,
} from "./measure-alerts.ts";
import { type MeasuredPath, measureOurs, measureTelegraf } from "./measure-path.ts";
import { FLUSHES } from "./telegraf.ts";

interface Flags {
  readonly telegraf?: string;
  readonly ekuiper?: string;
  readonly mosquitto?: string;
  readonly rules: readonly number[];
  readonly profile?: string;
  readonly rounds: number;
  readonly rate: number;
  readonly seconds: number;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)]!;

const whole = (value: number): string => Math.round(value).toLocaleString("en");

function words(all: readonly MeasuredPath[]): string {
  const cores = Object.entries(all.at(-1)!.cores).map(([who, used]) => `${who} ${used.toFixed(2)}`);
  const of = (pick: (one: MeasuredPath) => number): string => {
    const values = all.map(pick);
    return `${whole(median(values))} (${whole(Math.min(...values))} to ${whole(Math.max(...values))})`;
  };
  const missing = all.reduce((sum, one) => sum + one.acknowledged - one.stored, 0);
  return [
    `${all[0]!.name}: from the device's clock to the store's answer, ms, medians of ${all.length} (least to greatest):`,
    `  p50 ${of(({ p50 }) => p50)}  p99 ${of(({ p99 }) => p99)}  max ${of(({ max }) => max)}`,
    `  ${whole(all.reduce((sum, one) => sum + one.acknowledged, 0))} acknowledged, ${missing === 0 ? "all stored" : `${whole(missing)} OF THEM NOT STORED`}; cores of the last round: ${cores.join(", ")}`,
  ].join("\n");
}

const counts = (raw: string): number[] => raw.split(",").map(Number);

/** By number of rules, both by turns; what cannot keep up has that as its row. */
async function alertRows(
  { rules, rounds }: Flags,
  plan: Omit<AlertsPlan, "rules">,
  of: Parameters<typeof measureEkuiper>[1],
  say: (line: string) => void,
): Promise<string[]> {
  const rows: string[] = [];
  for (const count of rules)
    for (let round = 0; round < rounds; round++)
      for (const [name, run] of [
        ["this product", measureOurAlerts],
        ["Mosquitto + eKuiper", (plan: AlertsPlan) => measureEkuiper(plan, of)],
      ] as const) {
        const row = await run({ ...plan, rules: count }).then(
          alertWords,
          (error: unknown) => `${name}, ${count} rules: ${messageOf(error)}`,
        );
        say(row);
        rows.push(row);
      }
  return rows;
}

function alertWords({ name, rules, publishMs, alerts, probes, cores }: MeasuredAlerts): string {
  const used = Object.entries(cores).map(([who, share]) => `${who} ${share.toFixed(2)}`);
  const { p50, p99, p999 } = publishMs;
  return `${name}, ${rules} rules: p50 ${p50.toFixed(1)} p99 ${p99.toFixed(1)} p99.9 ${p999.toFixed(1)} ms from publish to alert, ${alerts} of ${probes}; cores: ${used.join(", ")}`;
}

export const peersCommand = new Command("peers")
  .description("The whole path to InfluxDB beside Mosquitto with Telegraf, by one ruler.")
  .option(
    "--telegraf <program>",
    "a Telegraf with inputs.mqtt_consumer and outputs.influxdb; without one this product alone is measured",
  )
  .option(
    "--ekuiper <directory>",
    "of a release or build of eKuiper (bin/kuiperd and etc): its alerts beside ours, instead of the path to InfluxDB",
  )
  .option("--rules <counts>", "thresholds, beside eKuiper: 1, 10, 100, …", counts, [1, 10, 100])
  .option("--mosquitto <program>", "of another version than the one installed")
  .option("--profile <directory>", "write a CPU profile of the aggregator there")
  .option("--rounds <n>", "rounds; each one goes through all", Number, 5)
  .option("--rate <n>", "readings a second", Number, 10_000)
  .option("--seconds <n>", "length of each measurement", Number, 15)
  .action(async (flags: Flags) => {
    const { telegraf, ekuiper, profile, rounds, rate, seconds } = flags;
    const say = (line: string): void => void process.stderr.write(`${line}\n`);
    const { mosquitto } = ensureBenchPrograms(say, flags);
    const { cores, model } = machine();
    const plan = { ratePerSecond: rate, seconds, warmupSeconds: 10 };
    if (ekuiper !== undefined) {
      const of = { distribution: resolve(ekuiper), mosquitto };
      const rows = await alertRows(flags, plan, of, say);
      process.stdout.write(
        `\n${cores} cores, ${model}; ${whole(rate)} readings/s over 100 connections; ${firstLine(mosquitto, ["-h"])}\n${rows.join("\n")}\n`,
      );
      return;
    }
    const ofTelegraf = telegraf === undefined ? [] : FLUSHES.map((flush) => ({ telegraf, flush }));
    const runs = [
      () => measureOurs(plan, profile && resolve(profile)),
      ...ofTelegraf.map((of) => () => measureTelegraf(plan, { ...of, mosquitto })),
    ];
    const measured: MeasuredPath[][] = runs.map(() => []);
    for (let round = 0; round < rounds; round++)
      for (const [at, run] of runs.entries()) {
        const one = await run();
        say(`${one.name}: p50 ${one.p50} p99 ${one.p99} ms, ${one.stored} stored`);
        measured[at]!.push(one);
      }
    process.stdout.write(
      `\n${cores} cores, ${model}; ${whole(rate)} readings/s over 100 connections\n${measured.map(words).join("\n")}\n`,
    );
  });
