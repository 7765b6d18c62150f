// Topics: a tree of what was published, what was made of it, and messages as they come.
import { html } from "/lib/htm.js";
import { useEffect, useState } from "/lib/hooks.js";
import { Answer } from "../kit/answer.js";
import { useAsk, useSettled } from "../kit/ask.js";
import { Empty } from "../kit/empty.js";
import { TextField } from "../kit/form.js";
import { count, plural } from "../kit/numbers.js";
import { PageHead, Panel } from "../kit/panel.js";
import { useOverview } from "../shell/feed.js";
import { Note } from "../kit/problem.js";
import { setQuery } from "../shell/router.js";
import { urlOf } from "../shell/url.js";
import { ForOperators } from "../shell/session.js";
import { OneTopic } from "../topics/one-topic.js";
import { Publish, Subscribe } from "../topics/subscribe.js";
import { TreeView } from "../topics/tree-view.js";
import { treeOf } from "../topics/tree.js";

const TOPICS_MAX = 1_000;
const ASKED_AGAIN_MS = 3_000;

function Tree({ data: { topics, more }, query }) {
  const note =
    more > 0
      ? `the first of ${count(topics.length + more)}: search for the others`
      : "since the console started";
  return html`<${Panel} title=${plural(topics.length, "topic")} note=${note}>
    ${
      topics.length > 0
        ? html`<${TreeView}
            nodes=${treeOf(topics)}
            chosen=${query.topic ?? ""}
            topics=${topics.length}
          />`
        : query.prefix
          ? html`<${Empty}
              title="No topic begins like that"
              action=${{ href: "/topics", text: "All topics" }}
            />`
          : html`<${Empty}
              title="Nothing was published yet"
              action=${{ href: "/connect", text: "Connect a device" }}
              >Topics show here within a second of their first message.<//
            >`
    }
  <//>`;
}

export function Page({ query }) {
  const [prefix, setPrefix] = useState(query.prefix ?? "");
  const settled = useSettled(prefix);
  useEffect(() => {
    if (settled !== (query.prefix ?? "")) setQuery({ prefix: settled });
  }, [settled]);
  const regions = useOverview()?.regions.map(({ region }) => region) ?? [];
  const region = query.region ?? regions[0] ?? "";
  const asked = useAsk(urlOf(["topics"], { prefix: query.prefix, limit: TOPICS_MAX }), {
    everyMs: ASKED_AGAIN_MS,
  });
  const chosen = asked.data?.topics.find(
    (one) => one.topic === query.topic && one.region === region,
  );
  const subscribe = urlOf(["topics"], { ...query, filter: query.topic });
  return html`<${PageHead} title="Topics" />
    <div class="toolbar" role="search">
      <${TextField}
        wide
        type="search"
        label="Topics that begin with"
        placeholder="devices/"
        value=${prefix}
        onInput=${setPrefix}
      />
    </div>
    <div class="topics">
      <${Answer} of=${asked}>${(data) => html`<${Tree} data=${data} query=${query} />`}<//>
      <div class="stack">
        ${chosen && html`<${OneTopic} topic=${chosen} subscribe=${subscribe} />`}
        <${Subscribe} region=${region} filter=${query.filter ?? ""} regions=${regions} />
        <${ForOperators}
          otherwise=${html`<${Note} state="info"
            ><p>You may listen. Publishing is for operators: a message may move something.</p><//
          >`}
        >
          <${Publish} key=${query.topic} region=${region} topic=${query.topic} />
        <//>
      </div>
    </div>`;
}
