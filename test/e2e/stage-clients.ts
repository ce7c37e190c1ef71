/**
 * A client for each Region's server, straight at its address: it inserts one row after another wherever that is
 * taken, and keeps account of what it was told is durable, by whom and when.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { east, west, type RegionName } from "../../scenarios/stage.ts";
import { instanceIn, type World } from "./world.ts";

/** Times by `performance.now()`, in ms. */
export type StageAck = {
  readonly id: number;
  readonly region: RegionName;
  /** When the client gave the write to its socket. */
  readonly sentAtMs: number;
  readonly atMs: number;
};

/** 20 ms between rows, and between attempts on a server that takes none. */
const pauseMs = 20;

/**
 * Asks and writes in one message, so that it is known when the write itself was sent. It asks first, or the log of a
 * server that refuses writes would hold nothing else.
 */
const tableAndWrite = `
  CREATE TABLE stage (id bigint PRIMARY KEY, region text);
  CREATE FUNCTION stage_write(id bigint, region text) RETURNS boolean LANGUAGE plpgsql AS $$
  BEGIN
    IF current_setting('transaction_read_only')::boolean THEN RETURN false; END IF;
    INSERT INTO stage VALUES (id, region);
    RETURN true;
  END $$`;

export class StageClients {
  readonly acks: StageAck[] = [];
  readonly #world: World;
  readonly #end = new AbortController();
  #lastId = 0;
  #running: Promise<unknown> = Promise.resolve();

  private constructor(world: World) {
    this.#world = world;
  }

  static async start(world: World): Promise<StageClients> {
    const clients = new StageClients(world);
    await world.sql("orders", east, tableAndWrite);
    const status = await world.status();
    clients.#running = Promise.all(
      ([east, west] as const).map((region) => {
        const { address: host, port } = instanceIn(status, "orders", region);
        return clients.#write(region, { host, port });
      }),
    );
    return clients;
  }

  /** Rows that were acknowledged, the first `after` of them aside, and that the present primary does not have. */
  async missing(after = 0): Promise<readonly StageAck[]> {
    // Before the look: what is acknowledged meanwhile may come too late for it.
    const acks = this.acks.slice(after);
    const { databases } = await this.#world.status();
    const primary = databases["orders"]?.primary ?? east;
    const rows = await this.#world.sql("orders", primary, "SELECT id FROM stage");
    const there = new Set(rows.map(({ id }) => Number(id)));
    return acks.filter(({ id }) => !there.has(id));
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await this.#running;
  }

  async #write(
    region: RegionName,
    address: { readonly host: string; readonly port: number },
  ): Promise<void> {
    const { signal } = this.#end;
    while (!signal.aborted) {
      const client = this.#world.clientOf("orders", address);
      try {
        await client.connect();
        while (!signal.aborted) {
          await this.#insert(client, region);
          await sleep(pauseMs);
        }
      } catch {
        await sleep(pauseMs);
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  }

  async #insert(client: ReturnType<World["clientOf"]>, region: RegionName): Promise<void> {
    const id = (this.#lastId += 1);
    const sentAtMs = performance.now();
    const { rows } = await client.query<{ readonly taken: boolean }>(
      "SELECT stage_write($1, $2) AS taken",
      [id, region],
    );
    if (rows[0]?.taken === true) {
      this.acks.push({ id, region, sentAtMs, atMs: performance.now() });
    }
  }
}
