import { html } from "/lib/htm.js";
import { verdictOf } from "../shell/verdict.js";
import { useFeedState, useOverview } from "../shell/feed.js";
export function Page() {
  const overview = useOverview();
  const { sentence } = verdictOf(overview, useFeedState());
  return html`<h1>${sentence}</h1>`;
}
