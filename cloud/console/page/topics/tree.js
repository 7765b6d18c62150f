// Topics as a tree of their levels (pure).

/**
 * The tree of topics: nodes are `{ name, path, topic, children, count, lastMs }`, where `topic` is what was published
 * at exactly this path, or null. A level with nothing but one other below it is one node with it.
 */
export function treeOf(topics) {
  const root = { name: "", path: "", topic: null, below: new Map() };
  for (const topic of topics) {
    let node = root;
    for (const level of topic.topic.split("/")) {
      if (!node.below.has(level)) {
        const path = node === root ? level : `${node.path}/${level}`;
        node.below.set(level, { name: level, path, topic: null, below: new Map() });
      }
      node = node.below.get(level);
    }
    node.topic = topic;
  }
  return summed(root).children;
}

function summed(node) {
  let { name, path, topic, below } = node;
  while (below.size === 1 && topic === null && path !== "") {
    const [only] = below.values();
    name = `${name}/${only.name}`;
    ({ path, topic, below } = only);
  }
  const children = [...below.values()].map(summed);
  const own = topic ? [topic] : [];
  return {
    ...{ name, path, topic, children },
    count: sum([...own, ...children].map((one) => one.count)),
    lastMs: Math.max(0, ...[...own, ...children].map((one) => one.lastMs)),
    refused: [...own, ...children].some((one) => one.refused),
    topics: own.length + sum(children.map((one) => one.topics)),
  };
}

const sum = (numbers) => numbers.reduce((total, one) => total + one, 0);

/** Whether a path leads to another, or is it. */
export const leadsTo = (path, to) => to === path || to.startsWith(`${path}/`);
