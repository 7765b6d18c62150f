// Keeps the event streams of many pages open, in a thread of its own: reading them must not delay what is measured.
import { parentPort, workerData } from "node:worker_threads";

/** What the thread is started with. */
export interface Streams {
  readonly urls: readonly string[];
  readonly token: string;
}

const { urls, token } = workerData as Streams;
for (const url of urls) {
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  if (!answer.ok) throw new Error(`a page's stream: ${answer.status}`);
  void drain(answer);
}
parentPort!.postMessage("open");

async function drain({ body }: Response): Promise<void> {
  for await (const _ of body!);
}
