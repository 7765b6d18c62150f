// The thread of one trial: reads a region's log, runs the rules over it, says what came of it, ends.
import { parentPort, workerData } from "node:worker_threads";
import { contractsOf } from "../../../contracts/rules/rule.ts";
import { connectNats } from "../../../platform/nats/client/connect.ts";
import { makeLogger } from "../../../platform/runtime/logger.ts";
import { knownContracts } from "../../operations/rules/contracts.ts";
import { readRegion } from "../../operations/rules/recordings.ts";
import { changeBy, tryRules } from "../../operations/rules/try-rules.ts";
import type { TrialOrder, TrialResult } from "./rule-trials.ts";

const CONNECT_WITHIN_MS = 5_000;

const { nats, schemas, rule, current, region, sinceMs } = workerData as TrialOrder;
const target = { ...nats, name: "console" };
const logger = makeLogger({}, "silent");
const connection = await connectNats(target, logger, AbortSignal.timeout(CONNECT_WITHIN_MS));
const catalog = await knownContracts(connection, schemas);
const before = current ? [current] : [];
const contracts = new Set([rule, ...before].flatMap(contractsOf));
const recordings = await readRegion(connection, region, sinceMs, { contracts });
const material = { recordings, catalog };
const result: TrialResult = {
  ...tryRules(material, [rule]),
  ...changeBy(material, before, [rule]),
};
parentPort!.postMessage(result);
await connection.close();
