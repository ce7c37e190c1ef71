/**
 * A client for each Region's first server, straight at its address: it inserts one row after another wherever that
 * is taken, and keeps account of what it was told is durable, by whom and when. It lives outside every Region.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { ApiEvent } from "../../src/api/api.ts";
import { until } from "./until.ts";
import { instanceIn, type World } from "./world.ts";

/** `atMs` on the clock of the machine, which is also that of every event. */
export type Ack = { readonly id: number; readonly region: string; readonly atMs: number };

/** 5 ms between rows of a writer. */
const pauseMs = 5;
/** 25 ms before a server that takes nothing is asked again: sooner would be felt by a world on two cores. */
const retryMs = 25;
/** 20 acknowledgements show that a writer writes, and is no answer that was under way. */
const proof = 20;

export class Writers implements AsyncDisposable {
  readonly acks: Ack[] = [];
  /** Whatever was not acknowledged, but for servers that said at once that they take no writes. */
  readonly failures: string[] = [];
  readonly #world: World;
  readonly #database: string;
  readonly #table: string;
  readonly #end = new AbortController();
  #lastId = 0;
  #running: Promise<unknown> = Promise.resolve();

  private constructor(world: World, database: string, table: string) {
    this.#world = world;
    this.#database = database;
    this.#table = table;
  }

  /** In a table of their own, which the primary Region must be able to make now. */
  static async start(world: World, database: string, table: string): Promise<Writers> {
    const status = await world.status();
    const { primary, members } = status.databases[database] ?? { members: {} };
    await world.sql(database, primary ?? "", `CREATE TABLE ${table} (id int PRIMARY KEY)`);
    const writers = new Writers(world, database, table);
    writers.#running = Promise.all(
      Object.keys(members).map((region) => {
        const { address: host, port } = instanceIn(status, database, region);
        return writers.#write(region, { host, port });
      }),
    );
    await writers.untilWritten(primary ?? "", 10_000);
    return writers;
  }

  /** Settles when this Region acknowledges rows from now on. */
  async untilWritten(region: string, boundMs: number): Promise<void> {
    const from = this.acks.length;
    await until(
      `${region} acknowledges rows`,
      boundMs,
      () => this.acks.slice(from).filter((ack) => ack.region === region).length >= proof,
    );
  }

  /** Between two acknowledgements, since the ack with this index. */
  longestGapMs(from = 0): number {
    const times = this.acks.slice(from).map(({ atMs }) => atMs);
    return times.reduce(
      (longest, atMs, index) => Math.max(longest, atMs - (times[index - 1] ?? atMs)),
      0,
    );
  }

  by(region: string): readonly Ack[] {
    return this.acks.filter((ack) => ack.region === region);
  }

  /** What a Region that was the primary acknowledged after somebody else had claimed its place. */
  after(claim: ApiEvent, region: string): readonly Ack[] {
    const claimedMs = Date.parse(claim.at);
    return this.by(region).filter(({ atMs }) => atMs > claimedMs);
  }

  /** Acknowledged rows that this Region's first server does not have. */
  async missingIn(region: string): Promise<readonly Ack[]> {
    const rows = await this.#world.sql(this.#database, region, `SELECT id FROM ${this.#table}`);
    const there = new Set(rows.map(({ id }) => Number(id)));
    return this.acks.filter(({ id }) => !there.has(id));
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #write(
    region: string,
    address: { readonly host: string; readonly port: number },
  ): Promise<void> {
    const { signal } = this.#end;
    while (!signal.aborted) {
      const client = this.#world.clientOf(this.#database, address);
      try {
        await client.connect();
        while (!signal.aborted) await sleep(await this.#insert(client, region));
      } catch (error) {
        this.failures.push(`${region}: ${String(error)}`);
        await sleep(retryMs);
      } finally {
        // One that is frozen does not answer the farewell either.
        void client.end().catch(() => undefined);
      }
    }
  }

  /** How long to wait before the next one, in ms. */
  async #insert(client: ReturnType<World["clientOf"]>, region: string): Promise<number> {
    const id = (this.#lastId += 1);
    try {
      await client.query(`INSERT INTO ${this.#table} VALUES ($1)`, [id]);
      this.acks.push({ id, region, atMs: Date.now() });
      return pauseMs;
    } catch (error) {
      // A server that takes no writes is asked again; any other failure ends the connection.
      if ((error as { readonly code?: string }).code !== "25006") throw error;
      return retryMs;
    }
  }
}
