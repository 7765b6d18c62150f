import { Command } from "commander";
import { ensureBenchPrograms } from "../prerequisites.ts";
import { firstLine, machine } from "../processes.ts";
import { type MeasuredRelay, type RelayPlan, measureGateway, measureMosquitto } from "./measure.ts";

const RATIO_MIN = 0.7;
const SLOW_P99_MAX_MS = 200;

interface Flags {
  readonly pairs: number;
  readonly rate: number;
  readonly window: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly mosquitto?: string;
}

const whole = (value: number): string => Math.round(value).toLocaleString("en");

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)]!;

function line(what: string, { name, perSecond, deliveryMs, ...of }: MeasuredRelay): string {
  const { p50, p99, max } = deliveryMs;
  const lost =
    of.delivered === of.published && of.outOfOrder === 0
      ? "each once, in order"
      : `${whole(of.published - of.delivered)} NOT DELIVERED, ${whole(of.outOfOrder)} out of order`;
  return `${what}, ${name}: ${whole(perSecond)}/s, p50 ${p50.toFixed(1)} p99 ${p99.toFixed(1)} max ${max.toFixed(0)} ms; broker ${of.cores["broker"]!.toFixed(2)} cores; ${whole(of.published)} published, ${lost}`;
}

export const relayCommand = new Command("relay")
  .description(
    "Messages between clients beside Mosquitto: rate, and with a subscriber that reads nothing.",
  )
  .option("--pairs <n>", "publishers, each with a subscriber of its own", Number, 50)
  .option("--rate <n>", "publishes a second beside the slow subscriber", Number, 5_000)
  .option("--window <n>", "on their way in each pair, where there is no rate", Number, 20)
  .option("--seconds <n>", "length of each measurement", Number, 5)
  .option("--rounds <n>", "rounds; each one goes through all", Number, 3)
  .option("--mosquitto <program>", "of another version than the one installed")
  .action(async ({ rounds, rate, mosquitto, ...of }: Flags) => {
    const say = (text: string): void => void process.stdout.write(`${text}\n`);
    const { mosquitto: program } = ensureBenchPrograms(
      (text) => void process.stderr.write(`${text}\n`),
      { mosquitto },
    );
    const { cores, model } = machine();
    say(`${cores} cores, ${model}; ${of.pairs} pairs, QoS 1; ${firstLine(program, ["-h"])}`);
    const base = { ...of, warmupSeconds: 2 };
    const judged = (met: boolean, text: string): void =>
      say(`${met ? "met   " : "MISSED"} ${text}`);
    for (const isDurable of [false, true]) {
      const what = isDurable ? "durable sessions" : "clean sessions";
      const plan: RelayPlan = { ...base, isDurable, ratePerSecond: null, hasSlow: false };
      const ratios: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const ours = await measureGateway(plan);
        say(line(what, ours));
        const theirs = await measureMosquitto(plan, program);
        say(line(what, theirs));
        ratios.push(ours.perSecond / theirs.perSecond);
        if (ours.delivered !== ours.published || ours.outOfOrder > 0) process.exitCode = 1;
      }
      const ratio = median(ratios);
      judged(
        ratio >= RATIO_MIN,
        `${what}: at least ${RATIO_MIN} of Mosquitto (${ratio.toFixed(2)})`,
      );
    }
    for (const hasSlow of [false, true]) {
      const one = await measureGateway({ ...base, isDurable: false, ratePerSecond: rate, hasSlow });
      say(
        line(hasSlow ? `${whole(rate)}/s beside one that reads nothing` : `${whole(rate)}/s`, one),
      );
      if (hasSlow)
        judged(
          one.deliveryMs.p99 <= SLOW_P99_MAX_MS,
          `beside a slow subscriber p99 at most ${SLOW_P99_MAX_MS} ms (${one.deliveryMs.p99.toFixed(1)})`,
        );
    }
  });
