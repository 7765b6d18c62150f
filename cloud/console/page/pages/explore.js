// Explore: fields of series from InfluxDB, rollups chosen by the span that is seen.
import { html } from "/lib/htm.js";
import { useEffect } from "/lib/hooks.js";
import { Answer } from "../kit/answer.js";
import { useAsk } from "../kit/ask.js";
import { SelectField } from "../kit/form.js";
import { PageHead } from "../kit/panel.js";
import { navigate } from "../shell/router.js";
import { urlOf } from "../shell/url.js";
import { choiceOf } from "../explore/choice.js";
import { SeriesList } from "../explore/series-list.js";
import { SeriesView } from "../explore/series-view.js";

/** /explore?contract=…&tags={json}&field=…&from=…&until=…&source=…; without tags, or with add=1, the series of the contract. */
export function Page({ query }) {
  if (query.device !== undefined && query.tags === undefined)
    return html`<${OfDevice} key=${query.device} device=${query.device} />`;
  const contracts = useAsk("/contracts");
  return html`
    <${PageHead} title="Explore">Every field of every series, as readings or as rollups of them.<//>
    <${Answer} of=${contracts}
      >${({ versions }) => html`<${Chosen} names=${[...new Set(versions.map(({ name }) => name))]} query=${query} />`}<//
    >
  `;
}

function Chosen({ names, query }) {
  const contract = query.contract ?? (names.includes("environment") ? "environment" : names[0]);
  const options = names.map((name) => ({ value: name, text: name }));
  const contractField = html`<${SelectField}
    label="Contract"
    value=${contract}
    options=${options}
    onChange=${(name) => navigate(urlOf(["explore"], { contract: name }))}
  />`;
  const choice = choiceOf(query);
  return choice.series.length === 0 || query.add !== undefined
    ? html`<${SeriesList} ...${{ contract, choice, query, contractField }} />`
    : html`<${SeriesView} key=${contract} ...${{ contract, choice, query }} />`;
}

/** A link of a device names no contract: the one that it sent last is shown. */
function OfDevice({ device }) {
  const answer = useAsk(urlOf(["devices", device]));
  const last = answer.data?.device.heard?.readings.toSorted((a, b) => b.tsMs - a.tsMs)[0];
  useEffect(() => {
    if (answer.data === null) return;
    const tags = last && JSON.stringify({ device });
    const url = urlOf(["explore"], { contract: last?.contract, tags, search: last ? "" : device });
    navigate(url, { replace: true });
  }, [answer.data]);
  return html`<${PageHead} title="Explore" /><${Answer} of=${answer}>${() => null}<//>`;
}
