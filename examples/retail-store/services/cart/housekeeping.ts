/** What is done in the carts database from time to time: a heartbeat for the other Regions, and tidying up. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "../shared/database.ts";

/** 1 s: how exactly the latency of replication is known while nobody buys. */
const beatMs = 1_000;

/** Each minute at most 20,000 rows: some 200 ms of one connection, for 300 changes a second. */
const compactMs = 60_000;
const compactRowsMax = 20_000;

export type HousekeepingParts = {
  readonly database: Pick<Database, "write">;
  /** Is told each change of state, once. */
  readonly log: (message: string) => void;
};

/** Any number of replicas may do this at once. */
export class Housekeeping {
  readonly #parts: HousekeepingParts;
  readonly #end = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  constructor(parts: HousekeepingParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#running = Promise.all([
      this.#repeat(beatMs, "send heartbeats", "select cart_beat()", []),
      this.#repeat(compactMs, "tidy up", "select * from cart_compact($1)", [compactRowsMax]),
    ]);
  }

  /** What is under way is finished. */
  async close(): Promise<void> {
    this.#end.abort();
    await this.#running;
  }

  async #repeat(
    everyMs: number,
    what: string,
    text: string,
    values: readonly unknown[],
  ): Promise<void> {
    let isWell = true;
    while (!this.#end.signal.aborted) {
      const failure = await this.#parts.database.write(text, values, { isRepeatable: true }).then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
      if (failure !== undefined && isWell) this.#parts.log(`carts: could not ${what}: ${failure}`);
      if (failure === undefined && !isWell) this.#parts.log(`carts: can ${what} again`);
      isWell = failure === undefined;
      await sleep(everyMs, undefined, { signal: this.#end.signal }).catch(() => undefined);
    }
  }
}
