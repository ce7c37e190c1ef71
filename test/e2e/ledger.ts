/**
 * A client that inserts one row after another and keeps account: what it was told is durable, and what failed.
 * The server's own rows, compared with it later, show whether an acknowledged commit was lost.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { World } from "./world.ts";
import { instanceIn } from "./world.ts";

/** 5 ms between rows: enough of them while something happens, and a world that has time for it. */
const pauseMs = 5;
/** 50 ms before a connection is tried again. */
const reconnectMs = 50;

export class Ledger implements AsyncDisposable {
  readonly acknowledged: number[] = [];
  readonly failures: string[] = [];
  readonly #end = new AbortController();
  readonly #running: Promise<void>;

  private constructor(run: (ledger: Ledger, signal: AbortSignal) => Promise<void>) {
    this.#running = run(this, this.#end.signal);
  }

  /** In the primary Region's instance of `database`, until it is stopped. */
  static async start(world: World, database: string, region: string): Promise<Ledger> {
    await world.sql(database, region, "CREATE TABLE IF NOT EXISTS ledger (id int PRIMARY KEY)");
    const [row] = await world.sql(
      database,
      region,
      "SELECT coalesce(max(id), 0) AS id FROM ledger",
    );
    const { address: host, port } = instanceIn(await world.status(), database, region);
    const firstId = Number(row?.["id"]) + 1;
    return new Ledger(async (ledger, signal) => {
      for (let id = firstId; !signal.aborted; ) {
        const client = world.clientOf(database, { host, port });
        try {
          await client.connect();
          for (; !signal.aborted; id += 1) {
            await client.query("INSERT INTO ledger VALUES ($1)", [id]);
            ledger.acknowledged.push(id);
            await sleep(pauseMs);
          }
        } catch (error) {
          ledger.failures.push(String(error));
          // Whether this one was committed is not known.
          id += 1;
          await sleep(reconnectMs);
        } finally {
          await client.end().catch(() => undefined);
        }
      }
    });
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await this.#running;
  }

  /** Acknowledged rows that this Region does not have. */
  async missingIn(world: World, database: string, region: string): Promise<readonly number[]> {
    const rows = await world.sql(database, region, "SELECT id FROM ledger");
    const there = new Set(rows.map(({ id }) => Number(id)));
    return this.acknowledged.filter((id) => !there.has(id));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
