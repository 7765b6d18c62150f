import { resolve } from "node:path";
import { Command } from "commander";
import { ensureBenchPrograms } from "../prerequisites.ts";
import { machine } from "../processes.ts";
import { type MeasuredPath, measureOurs, measureTelegraf } from "./measure-path.ts";
import { FLUSHES } from "./telegraf.ts";

interface Flags {
  readonly telegraf?: string;
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

export const peersCommand = new Command("peers")
  .description("The whole path to InfluxDB beside Mosquitto with Telegraf, by one ruler.")
  .option(
    "--telegraf <program>",
    "a Telegraf with inputs.mqtt_consumer and outputs.influxdb; without one this product alone is measured",
  )
  .option("--profile <directory>", "write a CPU profile of the aggregator there")
  .option("--rounds <n>", "rounds; each one goes through all", Number, 5)
  .option("--rate <n>", "readings a second", Number, 10_000)
  .option("--seconds <n>", "length of each measurement", Number, 15)
  .action(async ({ telegraf, profile, rounds, rate, seconds }: Flags) => {
    const say = (line: string): void => void process.stderr.write(`${line}\n`);
    const { mosquitto } = ensureBenchPrograms(say);
    const { cores, model } = machine();
    const plan = { ratePerSecond: rate, seconds, warmupSeconds: 10 };
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
