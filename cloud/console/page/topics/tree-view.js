import { html } from "/lib/htm.js";
import { useState } from "/lib/hooks.js";
import { StateMark } from "../kit/chip.js";
import { Age } from "../kit/number.js";
import { count } from "../kit/numbers.js";
import { setQuery } from "../shell/router.js";
import { leadsTo } from "./tree.js";

/** Trees with fewer topics are open from the beginning. */
const OPEN_BELOW = 40;

function Leaf({ node, chosen }) {
  const { topic } = node;
  const choose = () =>
    setQuery({ topic: topic.topic, region: topic.region }, { replace: chosen !== "" });
  return html`<button
    type="button"
    class="row-button topic"
    aria-pressed=${topic.topic === chosen}
    onClick=${choose}
  >
    ${topic.refused && html`<${StateMark} state="bad" />`}
    <span class="topic-name">${node.name}</span>
    <span class="topic-value">${topic.payload}</span>
    <span class="topic-age"><${Age} atMs=${topic.lastMs} /></span>
  </button>`;
}

function Branch({ node, isOpen, toggle }) {
  return html`<button
    type="button"
    class="row-button topic"
    aria-expanded=${isOpen}
    onClick=${() => toggle(node.path, !isOpen)}
  >
    <span class="topic-turn" aria-hidden="true">${isOpen ? "▾" : "▸"}</span>
    ${node.refused && !isOpen && html`<${StateMark} state="bad" />`}
    <span class="topic-name">${node.name}</span>
    <span class="topic-value muted"
      >${isOpen ? "" : `${count(node.topics)} topics, ${count(node.count)} messages`}</span
    >
    <span class="topic-age"><${Age} atMs=${node.lastMs} /></span>
  </button>`;
}

function Nodes({ nodes, chosen, opened, toggle, isOpenAtFirst }) {
  return html`<ul class="tree">
    ${nodes.map((node) => {
      const isOpen = opened.get(node.path) ?? (isOpenAtFirst || leadsTo(node.path, chosen));
      const hasChildren = node.children.length > 0;
      return html`<li key=${node.path}>
        ${hasChildren && html`<${Branch} ...${{ node, isOpen, toggle }} />`}
        ${node.topic && html`<${Leaf} node=${hasChildren ? { ...node, name: "(itself)" } : node} chosen=${chosen} />`}
        ${
          hasChildren &&
          isOpen &&
          html`<${Nodes} nodes=${node.children} ...${{ chosen, opened, toggle, isOpenAtFirst }} />`
        }
      </li>`;
    })}
  </ul>`;
}

/** The tree; `chosen` is the topic that is looked at, or "". */
export function TreeView({ nodes, chosen, topics }) {
  const [opened, setOpened] = useState(new Map());
  const toggle = (path, isOpen) => setOpened(new Map([...opened, [path, isOpen]]));
  return html`<${Nodes}
    ...${{ nodes, chosen, opened, toggle }}
    isOpenAtFirst=${topics < OPEN_BELOW}
  />`;
}
