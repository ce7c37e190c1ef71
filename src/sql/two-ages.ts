/**
 * A cache that forgets what was not asked for lately, without any work on a hit: entries are young or old; when the
 * young are half of all that fits, they become the old ones, and the old are gone. Who is asked for becomes young.
 */
export class TwoAges<Value> {
  readonly #entriesMax: number;
  readonly #sizeMax: number;
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();
  #youngSize = 0;

  /** `sizeMax` bounds the keys, in characters. */
  constructor(entriesMax: number, sizeMax: number) {
    this.#entriesMax = entriesMax;
    this.#sizeMax = sizeMax;
  }

  get(key: string): Value | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: string, value: Value): void {
    if (!this.#young.has(key)) this.#youngSize += key.length;
    this.#young.set(key, value);
    if (this.#young.size < this.#entriesMax / 2 && this.#youngSize < this.#sizeMax / 2) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngSize = 0;
  }
}
