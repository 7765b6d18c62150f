// Rendezvous hashing (pure): a key goes to the member with the highest score of both, so that whoever joins or leaves takes
// or gives only keys of its own. Source: Thaler and Ravishankar, "A name-based mapping scheme for rendezvous", 1996.

/** The score of a key and a member, by their hashes. */
export const scoreOf = (key: number, member: number): number => mix(key ^ member);

/** FNV-1a, 32 bits. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/** The finalizer of MurmurHash3: neighbours get scores far apart. */
function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
