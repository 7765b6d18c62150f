// Every kind of stranger; each lives in every run.
import { belowZero } from "./kinds/below-zero.ts";
import { buffers } from "./kinds/buffers.ts";
import { encodings } from "./kinds/encodings.ts";
import { junk } from "./kinds/junk.ts";
import { overHttp } from "./kinds/over-http.ts";
import { partial } from "./kinds/partial.ts";
import { pulses } from "./kinds/pulses.ts";
import { restarts } from "./kinds/restarts.ts";
import { retained } from "./kinds/retained.ts";
import { slowClocks } from "./kinds/slow-clocks.ts";
import { spellings } from "./kinds/spellings.ts";
import { twins } from "./kinds/twins.ts";
import type { Stranger } from "./stranger.ts";

export const KINDS: Readonly<Record<string, () => Stranger>> = {
  pulses,
  restarts,
  "slow clocks": slowClocks,
  buffers,
  retained,
  partial,
  "below zero": belowZero,
  twins,
  junk,
  spellings,
  encodings,
  http: overHttp,
};
