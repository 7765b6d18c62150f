// The guides, as they are in docs/guides: all of one, or the section that a problem leads to.
import { html } from "/lib/htm.js";
import { Blocks } from "../guides/blocks.js";
import { blocksOf, plainOf, sectionOf } from "../guides/markdown.js";
import { Answer } from "../kit/answer.js";
import { useAsk } from "../kit/ask.js";
import { Empty } from "../kit/empty.js";
import { PageHead, Panel } from "../kit/panel.js";
import { urlOf } from "../shell/url.js";

const ALL = { href: "/guides", text: "All guides" };

function All() {
  const asked = useAsk("/guides");
  return html`<${PageHead} title="Guides">The same as in docs/guides.<//>
    <${Answer} of=${asked}
      >${({ guides }) =>
        html`<${Panel}>
          <ul class="plain-list">
            ${guides.map(
              ({ name, title }) =>
                html`<li key=${name}><a href=${urlOf(["guides", name])}>${title}</a></li>`,
            )}
          </ul>
        <//>`}<//
    >`;
}

function Guide({ guide, section }) {
  const { name, title, markdown, others } = guide;
  const blocks = blocksOf(markdown);
  const own = section && sectionOf(blocks, section);
  if (section && !own)
    return html`<${Empty}
      heading
      title=${`There is no section ${section}`}
      action=${{ href: urlOf(["guides", name]), text: title }}
      >The guide has others.<//
    >`;
  const [head, ...rest] = own ?? blocks;
  return html`<${PageHead}
      title=${plainOf(head.parts)}
      crumb=${own ? { href: urlOf(["guides", name]), text: title } : ALL}
    />
    <${Panel}><${Blocks} blocks=${rest} guide=${name} guides=${others} /><//>`;
}

export function Page({ path: [name, section] }) {
  const asked = useAsk(name ? urlOf(["guides", name]) : null);
  if (!name) return html`<${All} />`;
  return html`<${Answer} of=${asked}
    >${(guide) => html`<${Guide} guide=${guide} section=${section} />`}<//
  >`;
}
