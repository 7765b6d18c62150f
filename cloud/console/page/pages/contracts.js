// Contracts and mappings: what readings have to look like, who sends what, what a change would break.
import { html } from "/lib/htm.js";
import { PageHead, Tabs } from "../kit/panel.js";
import { urlOf } from "../shell/url.js";
import { ContractDetail } from "../contracts/detail.js";
import { ContractList } from "../contracts/list.js";
import { Mappings } from "../contracts/mappings.js";

/** /contracts, /contracts?tab=mappings, /contracts/{name}, /contracts/{name}/{version} */
export function Page({ path: [name, version], query }) {
  if (name !== undefined)
    return html`<${ContractDetail} key=${name} name=${name} version=${version} query=${query} />`;
  const isMappings = query.tab === "mappings";
  const tabs = [
    { href: "/contracts", text: "Contracts", current: !isMappings },
    { href: urlOf(["contracts"], { tab: "mappings" }), text: "Mappings", current: isMappings },
  ];
  return html`
    <${PageHead} title=${isMappings ? "Mappings" : "Contracts"}>
      ${
        isMappings
          ? "How topics and payloads that devices already have become readings."
          : "What a reading has to be like. Versions are never changed; a new one says how it differs."
      }
    <//>
    <${Tabs} label="Contracts or mappings" tabs=${tabs} />
    ${isMappings ? html`<${Mappings} query=${query} />` : html`<${ContractList} query=${query} />`}
  `;
}
