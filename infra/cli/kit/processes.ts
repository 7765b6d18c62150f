// The processes of an installation as they describe themselves on their status ports.
import type { ProcessStatus } from "../../../contracts/messages/status.ts";
import type { ProcessAnswer } from "../../../cloud/operations/lanes/process-answer.ts";

const ANSWER_WITHIN_MS = 2_000;

export const askProcesses = (
  statusUrls: Readonly<Record<string, string>>,
): Promise<ProcessAnswer[]> =>
  Promise.all(Object.entries(statusUrls).map(([name, url]) => askProcess(name, url)));

async function askProcess(name: string, url: string): Promise<ProcessAnswer> {
  const ask = (path: string): Promise<Response> =>
    fetch(new URL(path, url), { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
  const { host: address } = new URL(url);
  try {
    const [ready, status] = await Promise.all([ask("/readyz"), ask("/status")]);
    return { name, address, isReady: ready.ok, status: (await status.json()) as ProcessStatus };
  } catch {
    return { name, address, isReady: false, status: null };
  }
}
