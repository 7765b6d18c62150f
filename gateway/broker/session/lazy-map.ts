/**
 * A map that takes room once it holds something. A session has several, and most sessions use none: an empty `Map` of
 * its own takes 190 bytes.
 */
export class LazyMap<K, V> {
  #map: Map<K, V> | null = null;

  get size(): number {
    return this.#map?.size ?? 0;
  }

  get(key: K): V | undefined {
    return this.#map?.get(key);
  }

  has(key: K): boolean {
    return this.#map?.has(key) ?? false;
  }

  keys(): Iterable<K> {
    return this.#map?.keys() ?? [];
  }

  set(key: K, value: V): void {
    (this.#map ??= new Map()).set(key, value);
  }

  delete(key: K): boolean {
    return this.#map?.delete(key) ?? false;
  }

  clear(): void {
    this.#map = null;
  }
}
