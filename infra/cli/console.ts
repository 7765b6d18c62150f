import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { messageOf } from "../../platform/runtime/errors.ts";
import { refused } from "../../cloud/operations/refused.ts";
import { findInstallation } from "./kit/addresses.ts";
import { type Say, example } from "./kit/options.ts";

const ANSWER_WITHIN_MS = 5_000;

interface Flags {
  readonly dataDir?: string;
  readonly url?: string;
  readonly tokenFile?: string;
}

/** `skerry console login`: a new login link. */
export function addConsoleCommand(program: Command, say: Say): void {
  const commands = program
    .command("console")
    .description("Run the console, or print a link to it.");
  example(
    commands.command("login"),
    "console login",
    "console login --url http://127.0.0.1:8080/ --token-file operator-token",
  )
    .description(
      "Print a link that logs an operator in: once, and for 10 minutes unless the console was told otherwise.",
    )
    .option("--data-dir <dir>", "local installation (default: .skerry, here or above)")
    .option("--url <url>", "the console, if it is not that of a local installation")
    .option("--token-file <file>", "file that holds the operators' token of that console")
    .action(async (flags: Flags) => {
      const { url, token } = consoleOf(flags);
      const code = await newCode(url, token);
      say(new URL(`/#login=${code}`, url).href);
    });
}

function consoleOf({ url, tokenFile, dataDir }: Flags): { url: string; token: string } {
  if (url !== undefined) {
    if (!URL.canParse(url)) throw refused(`${url} is no URL`);
    if (tokenFile === undefined) throw refused("--url needs --token-file");
    return { url, token: readFileSync(tokenFile, "utf8").trim() };
  }
  const { path, addresses } = findInstallation(dataDir);
  if (!addresses.console) throw refused(`${path} names no console`);
  return { url: addresses.console.url, token: addresses.console.operatorToken };
}

async function newCode(url: string, token: string): Promise<string> {
  const answer = await fetch(new URL("/api/v1/login-codes", url), {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  }).catch((error: unknown) => {
    throw refused(`no console answers at ${url}: ${messageOf(error)}`, error);
  });
  const body = (await answer.json().catch(() => ({}))) as { code?: string; detail?: string };
  if (!answer.ok || body.code === undefined)
    throw refused(`the console makes no link: ${body.detail ?? `status ${answer.status}`}`);
  return body.code;
}
