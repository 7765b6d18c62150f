// Topics by their levels, so that a filter costs what it matches and not all topics there are (pure). Maps,
// never objects: levels such as `__proto__` are just names.
//
// E1. A walk goes on over a tree that changes: what is in it all the time is come across exactly once,
//     parents before children, children in the order in which they came.
// E2. Of everything that was there when a walk began it can be said whether it has been come across.

interface Node<T> {
  readonly level: string;
  /** Rises from child to child of one parent, in the order of its map. */
  readonly ordinal: number;
  readonly parent: Node<T> | null;
  children: Map<string, Node<T>> | null;
  value: T | undefined;
}

export class RetainedTree<T> {
  readonly #root: Node<T> = {
    level: "",
    ordinal: 0,
    parent: null,
    children: null,
    value: undefined,
  };
  #ordinal = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(topic: string): T | undefined {
    return this.#find(topic)?.value;
  }

  set(topic: string, value: T): void {
    let node = this.#root;
    for (const level of topic.split("/")) {
      node.children ??= new Map();
      let child = node.children.get(level);
      if (!child) {
        const ordinal = ++this.#ordinal;
        child = { level, ordinal, parent: node, children: null, value: undefined };
        node.children.set(level, child);
      }
      node = child;
    }
    if (node.value === undefined) this.#size++;
    node.value = value;
  }

  delete(topic: string): boolean {
    let node = this.#find(topic);
    if (node?.value === undefined) return false;
    node.value = undefined;
    this.#size--;
    // Empty branches go, or ever new topics would grow the tree for ever.
    while (node?.parent && node.value === undefined && !node.children?.size) {
      node.parent.children!.delete(node.level);
      node = node.parent;
    }
    return true;
  }

  /** Begins a walk over what matches a filter; topics that begin with `$` only by name [MQTT-4.7.2-1]. */
  walk(filter: string): Walk<T> {
    return new Walk(this.#root, filter.split("/"), (topic) => this.#find(topic));
  }

  #find(topic: string): Node<T> | undefined {
    let node: Node<T> | undefined = this.#root;
    for (const level of topic.split("/")) {
      node = node.children?.get(level);
      if (!node) return undefined;
    }
    return node;
  }
}

interface Frame<T> {
  readonly node: Node<T>;
  readonly rest: Iterator<Node<T>>;
}

export class Walk<T> {
  readonly #levels: readonly string[];
  /** The level from which on everything matches; `a/#` matches `a` as well (MQTT 5, 4.7.1.2). */
  readonly #hashAt: number;
  readonly #find: (topic: string) => Node<T> | undefined;
  /** Nodes from the root to the one that was come across last. */
  readonly #path: Frame<T>[] = [];

  constructor(
    root: Node<T>,
    levels: readonly string[],
    find: (topic: string) => Node<T> | undefined,
  ) {
    this.#levels = levels;
    this.#hashAt = levels.at(-1) === "#" ? levels.length - 1 : Infinity;
    this.#find = find;
    this.#path.push({ node: root, rest: this.#childrenOf(root, 0) });
  }

  get done(): boolean {
    return this.#path.length === 0;
  }

  /** Goes one node further, which is what it costs. @returns what is there, if it matches. */
  advance(): T | undefined {
    for (;;) {
      const frame = this.#path.at(-1);
      if (!frame) return undefined;
      const next = frame.rest.next();
      if (next.done === true) {
        this.#path.pop();
        continue;
      }
      const child = next.value;
      const depth = this.#path.length;
      const isWild = depth === 1 && (this.#hashAt === 0 || this.#levels[0] === "+");
      const isHidden = isWild && child.level.startsWith("$");
      const rest = isHidden ? NONE : this.#childrenOf(child, depth);
      this.#path.push({ node: child, rest });
      if (isHidden) return undefined;
      return depth === this.#levels.length || depth >= this.#hashAt ? child.value : undefined;
    }
  }

  /** E2. @param topic one that the filter matches. */
  hasPassed(topic: string): boolean {
    const path: Node<T>[] = [];
    for (let node = this.#find(topic) ?? null; node; node = node.parent) path.push(node);
    path.reverse();
    for (let depth = 1; depth < path.length; depth++) {
      const here = this.#path[depth]?.node;
      if (!here) return this.done;
      if (here !== path[depth]) return path[depth]!.ordinal < here.ordinal;
    }
    return true;
  }

  #childrenOf({ children }: Node<T>, depth: number): Iterator<Node<T>> {
    const wanted = this.#levels[depth];
    if (children === null || (wanted === undefined && this.#hashAt === Infinity)) return NONE;
    if (depth >= this.#hashAt || wanted === "+") return children.values();
    const child = children.get(wanted!);
    return child ? [child].values() : NONE;
  }
}

const NONE: Iterator<never> = [].values();
