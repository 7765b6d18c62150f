// Goal: whoever follows docs/guides/production.md, command by command, has a hub of three nats-servers and two regions in TLS,
// and what each command prints is what the page says.
// Method: machines of namespaces; every line after a prompt in its `console` blocks, in their order, with the real programs and
// stand-ins for systemctl, journalctl and ssh only; "…" in a page stands for anything.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { consoleSteps, isAsShown } from "../support/console-blocks.ts";
import { eventually } from "../support/eventually.ts";
import { Machines, whyNoMachines } from "../support/machines.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const GUIDE = join(import.meta.dirname, "../../docs/guides/production.md");
/** Long enough for whatever waits for another process; a command that changes something succeeds at once. */
const WITHIN_MS = 60_000;
/** Commands that look, or that the page says to repeat. */
const REPEATED =
  /^(sleep|skerry (status|doctor|ledger|notify|upgrade)|mosquitto_pub|SKERRY_\w+=\S+ |systemctl status)/;

/** Commands whose exit status says that something is to be looked at. */
const JUDGING = /^skerry (status|doctor|upgrade)/;

/** The page wants a newer nats-server than this machine may have. */
const adapted = (command: string): string =>
  command.replace("skerry topology apply ", "skerry topology apply --allow-old-servers ");

test("the guide, literally", async (context) => {
  const reason = whyNoMachines();
  if (reason !== null) context.skip(reason);
  await using directory = await temporaryDirectory();
  const machines = ["hub-1", "hub-2", "hub-3", "eu", "us"];
  await using lab = new Machines(machines, directory.path, {});
  await lab.start();
  const steps = consoleSteps(readFileSync(GUIDE, "utf8"));
  expect(new Set(steps.map(({ machine }) => machine))).toEqual(new Set(machines));
  for (const { machine, command, shown } of steps) {
    let last = "";
    const isDone = async (): Promise<boolean> => {
      const { code, out, err } = await lab.on(machine, adapted(command));
      last = `${machine}# ${command}\n${out}${err}(exit status ${code})\nthe page shows:\n${shown}`;
      return isAsShown(out, shown) && (code === 0 || JUDGING.test(command));
    };
    if (REPEATED.test(command))
      await eventually(command, isDone, WITHIN_MS).catch((error: unknown) => {
        throw new Error(last, { cause: error });
      });
    else expect(await isDone(), last).toBe(true);
  }
}, 330_000);
