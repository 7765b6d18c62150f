// Subscriptions by topic filter: a tree of topic levels, so that a publish costs its depth and not the
// number of subscriptions. Pure. Maps, never objects: levels such as `__proto__` are just names.

interface Node<T> {
  children: Map<string, Node<T>>;
  subscriptions: Map<string, T>;
}

const makeNode = <T>(): Node<T> => ({ children: new Map(), subscriptions: new Map() });

export class SubscriptionIndex<T> {
  #root = makeNode<T>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds or replaces the subscription of `clientId` to `filter`. */
  set(filter: string, clientId: string, subscription: T): void {
    let node = this.#root;
    for (const level of filter.split("/")) {
      let child = node.children.get(level);
      if (!child) node.children.set(level, (child = makeNode()));
      node = child;
    }
    if (!node.subscriptions.has(clientId)) this.#size++;
    node.subscriptions.set(clientId, subscription);
  }

  delete(filter: string, clientId: string): void {
    const path: { node: Node<T>; level: string }[] = [];
    let node = this.#root;
    for (const level of filter.split("/")) {
      const child = node.children.get(level);
      if (!child) return;
      path.push({ node, level });
      node = child;
    }
    if (!node.subscriptions.delete(clientId)) return;
    this.#size--;
    // Empty branches go, or subscribing to ever new filters would grow the tree for ever.
    for (const { node: parent, level } of path.reverse()) {
      const child = parent.children.get(level)!;
      if (child.children.size > 0 || child.subscriptions.size > 0) return;
      parent.children.delete(level);
    }
  }

  /** Appends every subscription whose filter matches; a client may come up repeatedly. */
  match(topic: string, found: T[]): void {
    if (this.#size === 0) return;
    // [MQTT-4.7.2-1]: a leading wildcard does not match topics that begin with `$`.
    visit(this.#root, topic, 0, topic.charCodeAt(0) !== 36, found);
  }
}

function visit<T>(
  node: Node<T>,
  topic: string,
  start: number,
  wildcards: boolean,
  found: T[],
): void {
  if (wildcards) {
    // `a/#` matches `a` as well, so `#` is looked for at the end too (MQTT 5, 4.7.1.2).
    const rest = node.children.get("#");
    if (rest) for (const subscription of rest.subscriptions.values()) found.push(subscription);
  }
  if (start > topic.length) {
    for (const subscription of node.subscriptions.values()) found.push(subscription);
    return;
  }
  const slash = topic.indexOf("/", start);
  const end = slash === -1 ? topic.length : slash;
  const child = node.children.get(topic.slice(start, end));
  if (child) visit(child, topic, end + 1, true, found);
  const any = wildcards ? node.children.get("+") : undefined;
  if (any) visit(any, topic, end + 1, true, found);
}

/** Whether a topic name matches one topic filter. */
export function matcher(filter: string): (topic: string) => boolean {
  const index = new SubscriptionIndex<true>();
  index.set(filter, "", true);
  const found: true[] = [];
  return (topic) => {
    found.length = 0;
    index.match(topic, found);
    return found.length > 0;
  };
}
