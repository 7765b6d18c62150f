// A proposal as a person wants it: another device, another contract name.
import { parseMappings } from "../../../contracts/mapping.ts";
import type { Catalog } from "../../../contracts/schema/catalog.ts";
import { Judge } from "../../../cloud/operations/learn/judge.ts";
import { type Judged, judged } from "../../../cloud/operations/learn/learn.ts";
import { catalogWith } from "../../../cloud/operations/learn/propose.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import type { Say } from "../kit/options.ts";
import type { Answers } from "./ask.ts";

export interface EditParts {
  readonly answers: Pick<Answers, "next">;
  readonly say: Say;
  readonly catalog: Catalog;
}

/** An empty answer leaves what is there; what makes no mapping is told, and nothing is changed. */
export async function edited(
  before: Judged,
  { answers, say, catalog }: EditParts,
): Promise<Judged> {
  const { proposal } = before;
  const [first] = proposal.entries;
  const ask = async (what: string, now: string): Promise<string> => {
    say(`${what} [${now}]:`);
    return (await answers.next()) || now;
  };
  const topic = await ask("topic", first!.topic);
  const device = await ask("device", first!.device ?? "{device}");
  const renamed = new Map<string, string>();
  for (const { name } of proposal.contracts) renamed.set(name, await ask("contract", name));
  const isOne = proposal.entries.length === 1;
  const entries = proposal.entries.map((entry) => ({
    ...entry,
    ...(isOne ? { topic } : {}),
    device,
    contract: renamed.get(entry.contract) ?? entry.contract,
  }));
  const contracts = proposal.contracts.map((one) => ({ ...one, name: renamed.get(one.name)! }));
  try {
    parseMappings({ mappings: entries });
    const after = { ...proposal, entries, contracts, device };
    return judged(after, new Judge(entries, catalogWith(catalog, [after])));
  } catch (error) {
    say(`that is no mapping: ${messageOf(error)}`);
    return before;
  }
}
