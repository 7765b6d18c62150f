import { type Rule, codeOf, isProduct } from "../tree.ts";

const CREATING = /\bstreams\.add\(|\bviews\.os\(|\bviews\.kv\((?![^)]*bindOnly: true)/;
const TOPOLOGY = "platform/nats/topology/";

/** What the topology bounds is bounded only if nothing else creates a stream, a bucket or an object store. */
export const streamsOfTopology: Rule = (tree) =>
  [...tree]
    .filter(([path, source]) => isProduct(path) && CREATING.test(codeOf(source)))
    .filter(([path]) => !path.startsWith(TOPOLOGY))
    .map(([path]) => `${path} creates a stream; that belongs to ${TOPOLOGY}, where it has a bound`);
