/**
 * A client for each Region's server, straight at its address: it inserts one row after another wherever that is
 * taken, and keeps account of what it was told is durable, by whom and when.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { east, west, type RegionName } from "../../scenarios/stage.ts";
import { instanceIn, type World } from "./world.ts";

export type StageAck = { readonly id: number; readonly region: RegionName; readonly atMs: number };

/** 20 ms between rows, and between attempts on a server that takes none. */
const pauseMs = 20;

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
    await world.sql("orders", east, "CREATE TABLE stage (id bigint PRIMARY KEY, region text)");
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

  /** How often another Region than before acknowledged a row. */
  get handOvers(): number {
    return (
      this.acks.filter(({ region }, index) => this.acks[index - 1]?.region !== region).length - 1
    );
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
    // Asked first, or the log of a server that refuses writes would hold nothing else.
    const { rows } = await client.query<{ readonly off: boolean }>(
      "SELECT current_setting('transaction_read_only')::bool AS off",
    );
    if (rows[0]?.off !== false) return;
    const id = (this.#lastId += 1);
    try {
      await client.query("INSERT INTO stage VALUES ($1, $2)", [id, region]);
      this.acks.push({ id, region, atMs: performance.now() });
    } catch (error) {
      // A server that refuses writes is asked again; any other failure ends the connection.
      if ((error as { readonly code?: string }).code !== "25006") throw error;
    }
  }
}
