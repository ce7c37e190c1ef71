/** What a benchmark has started and must not leave behind. */

type Endable = { end(): Promise<void> };

/** Ends everything once, the last first; what is still starting is waited for. One that cannot end keeps no other. */
export class Running {
  #ends: (() => Promise<void>)[] = [];

  async start<T extends Endable>(starting: Promise<T>): Promise<T> {
    this.#ends.push(async () => {
      const started = await starting.catch(() => undefined);
      await started?.end();
    });
    return starting;
  }

  /** Ends with this one at the latest. */
  inner(): Running {
    const inner = new Running();
    this.#ends.push(() => inner.end());
    return inner;
  }

  /** @throws Error the first one's, after all have been tried */
  async end(): Promise<void> {
    const ends = this.#ends.toReversed();
    this.#ends = [];
    const failures: unknown[] = [];
    for (const end of ends) await end().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }
}
