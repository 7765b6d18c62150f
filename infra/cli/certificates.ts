import type { Command } from "commander";
import type { Wanted } from "../certificates/authority.ts";
import { refused } from "../../cloud/operations/refused.ts";
import { type Say, example, parseDuration, parser } from "./kit/options.ts";

/** Read when it is needed: its library would cost every other command a tenth of a second. */
const certificates = () => import("../certificates/directory.ts");

const DAY_MS = 86_400_000;
const NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/;
const HOST = /^([A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9a-fA-F:]+)$/;

const parseServer = parser((raw): readonly string[] => {
  const hosts = raw.split(",").map((host) => host.trim());
  const wrong = hosts.find((host) => !HOST.test(host));
  if (wrong !== undefined)
    throw new Error(`must be names and addresses, separated by commas; "${wrong}" is neither`);
  return hosts;
});

const parseClient = parser((raw): string => {
  if (!NAME.test(raw))
    throw new Error(
      `must be letters, digits, dots, hyphens and underscores, up to 64, not "${raw}"`,
    );
  return raw;
});

interface MakeFlags {
  readonly server: readonly (readonly string[])[];
  readonly peer: readonly (readonly string[])[];
  readonly client: readonly string[];
  readonly valid: number;
  readonly authorityValid: number;
  readonly replace: boolean;
}

/** `skerry certificates make|list`: an authority and certificates for a test set-up. */
export function addCertificatesCommand(program: Command, say: Say): void {
  const commands = program
    .command("certificates")
    .description("An authority and certificates for a test set-up; a real one has its own.");
  example(
    commands.command("make"),
    "certificates make certificates --server hub.example.org,10.0.0.1 --client eu --client boiler-7",
  )
    .description(
      "Make an authority, unless the directory has one, and certificates by it: ECDSA P-256, files for their owner alone.",
    )
    .argument("<directory>", "where ca.pem, ca.key, and a pair of files for each name go")
    .option(
      "--server <hosts>",
      "a server by its names and addresses, the first of which names the files; repeat it",
      (raw: string, before: readonly (readonly string[])[]) => [...before, parseServer(raw)],
      [],
    )
    .option(
      "--peer <hosts>",
      "the same of a nats-server of a cluster, which is a client of the others, too; repeat it",
      (raw: string, before: readonly (readonly string[])[]) => [...before, parseServer(raw)],
      [],
    )
    .option(
      "--client <name>",
      "a device, a region or a process by its name; repeat it",
      (raw: string, before: readonly string[]) => [...before, parseClient(raw)],
      [],
    )
    .option("--valid <duration>", "of certificates", parseDuration, 90 * DAY_MS)
    .option("--authority-valid <duration>", "of a new authority", parseDuration, 3_650 * DAY_MS)
    .option("--replace", "overwrite certificates of these names, never the authority", false)
    .action(async (directory: string, flags: MakeFlags) => {
      const wanted: Wanted[] = [
        ...flags.server.map((hosts) => ({ kind: "server", hosts }) as const),
        ...flags.peer.map((hosts) => ({ kind: "peer", hosts }) as const),
        ...flags.client.map((name) => ({ kind: "client", name }) as const),
      ];
      if (wanted.length === 0) throw refused("say what to make: --server, --peer or --client");
      const { makeCertificates } = await certificates();
      const written = await makeCertificates({
        ...{ directory, wanted, replace: flags.replace, nowMs: Date.now() },
        ...{ validMs: flags.valid, authorityValidMs: flags.authorityValid },
      });
      for (const name of written) say(`${name}.pem, ${name}.key`);
    });
  example(commands.command("list"), "certificates list certificates --soon 14d")
    .description(
      "List a directory's certificates, the next to expire first; exit status 1 if one is over, or soon will be.",
    )
    .argument("<directory>", "of PEM files")
    .option("--soon <duration>", "what is soon", parseDuration, 30 * DAY_MS)
    .action(async (directory: string, { soon }: { soon: number }) => {
      const { listCertificates } = await certificates();
      const nowMs = Date.now();
      for (const { file, name, hosts, notAfter } of listCertificates(directory)) {
        const leftMs = notAfter.getTime() - nowMs;
        if (leftMs < soon) process.exitCode = 1;
        const left = leftMs < 0 ? "EXPIRED" : `${Math.floor(leftMs / DAY_MS)} days left`;
        const day = notAfter.toISOString().slice(0, 10);
        say(`${day}  ${left}  ${file}  ${name}${hosts === "" ? "" : `  (${hosts})`}`);
      }
    });
}
