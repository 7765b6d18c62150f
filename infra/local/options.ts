import { Command, InvalidArgumentError, Option } from "commander";
import { as } from "../../platform/runtime/config.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import { AGGREGATORS_MAX } from "./places.ts";

/** Commander's own wording around a parser of ours. */
const parser =
  <T>(parse: (raw: string) => T) =>
  (raw: string): T => {
    try {
      return parse(raw);
    } catch (error) {
      throw new InvalidArgumentError(messageOf(error));
    }
  };

const option = <T>(flags: string, doc: string, parse: (raw: string) => T): Option =>
  new Option(flags, doc).argParser(parser(parse));

/** The command line of `npm start`. */
export const launcherProgram = (): Command =>
  new Command("skerry up")
    .description(
      "Runs all of Skerry on loopback: hub, two regions, InfluxDB, gateways, alerting, aggregator, steward, console, devices; a notifier with --channels.",
    )
    .addOption(
      option(
        "--port-base <port>",
        "first of 30 ports; up to 32738, because outgoing connections take theirs from there on",
        as.integer(1_024, 65_000),
      ).default(14_200),
    )
    .addOption(option("--data-dir <dir>", "where everything is stored", as.text).default(".skerry"))
    .addOption(
      option("--devices <n>", "simulated devices; 0 for none", as.integer(0, 100_000)).default(20),
    )
    .addOption(
      option(
        "--rate <n>",
        "readings per second, all devices together",
        as.number(0.1, 1e6),
      ).default(200),
    )
    .addOption(
      option(
        "--partitions <n>",
        "lanes of each region's log when it is created; without it those of the data directory, or 1",
        as.integer(1, 64),
      ),
    )
    .addOption(
      option("--aggregators <n>", "that share the lanes", as.integer(1, AGGREGATORS_MAX)).default(
        1,
      ),
    )
    .addOption(
      new Option("--keep-times", "rows keep their own times (2013, 2015)").default(false, "no"),
    )
    .addOption(
      option("--rules <file>", "alerting rules of your own in place of the demo's", as.text),
    )
    .addOption(new Option("--no-demo-rules", "no alerting rules but those saved at the hub"))
    .addOption(
      option("--mappings <file>", "mappings of your own in place of the examples", as.text),
    )
    .addOption(new Option("--no-demo-mappings", "no mappings"))
    .addOption(
      option(
        "--contracts <dir>",
        "contracts of your own, {name}/v{n}.json, beside those that ship",
        as.text,
      ),
    )
    .addOption(
      option(
        "--config <file>",
        "configuration file whose sections the processes get; none: no file; without it skerry.yaml here, else /etc/skerry/skerry.yaml",
        as.text,
      ),
    )
    .addOption(
      new Option(
        "--set <process.option=value>",
        "one option of a process, or of all with shared.option=value; any number of times",
      )
        .argParser((raw: string, before: readonly string[]) => [...before, raw])
        .default([], "none"),
    )
    .addOption(
      option("--channels <file>", "tell people of alerts: e-mail and webhook channels", as.text),
    )
    .addOption(
      option(
        "--smtp-url <url>",
        "mail server of the e-mail channels, smtp(s)://user@host:port; its password is in SKERRY_SMTP_PASSWORD or the file that SKERRY_SMTP_PASSWORD_FILE names",
        as.url,
      ),
    )
    .addOption(
      new Option(
        "--tls",
        "TLS on every link: MQTT, NATS, leaf nodes, InfluxDB; the authority is certificates/ca.pem in the data directory",
      ),
    )
    .addOption(new Option("--no-open", "do not open the console, even where there is a desktop"))
    .addOption(
      option("--run-for <duration>", "stop by itself, for example 40s or 5m", as.durationMs),
    )
    .addOption(
      option(
        "--json <file>",
        "write the final report there; if there is none, why, and what went wrong",
        as.text,
      ),
    );
