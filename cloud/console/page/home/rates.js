// Rates from the counts of the last seconds, region by region.
import { onEvent } from "../shell/feed.js";
import { admittedIn, copiedIn, growthOf, storedIn } from "./growth.js";

/** Long enough for what is counted once a second, and shorter than it takes to be told as standing. */
const KEPT = 7;

const history = [];

onEvent("overview", (overview) => {
  history.push(overview);
  if (history.length > KEPT) history.shift();
});

/** What flows through a region's path, per second: readings admitted and stored, frames over the WAN. */
export const flowOf = (name) => ({
  admitted: growthOf(history, admittedIn(name)),
  copied: growthOf(history, copiedIn(name)),
  stored: growthOf(history, storedIn(name)),
});
