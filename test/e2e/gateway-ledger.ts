/**
 * What clients of the gateway asked for and what they were told: each row has a number of its own, and the table takes
 * a number twice, so that a row that was written twice is seen.
 */
import pg from "pg";

export const ledgerTable = "gateway_ledger";

/** 30 s for one answer that nothing holds. */
const answerMsMax = 30_000;

export type LedgerResult = {
  readonly acknowledged: number;
  /** Acknowledged, and not there. */
  readonly lost: readonly number[];
  /** There more than once, whatever was said of them. */
  readonly doubled: readonly number[];
  /** There, though they were rolled back. */
  readonly revived: readonly number[];
};

type Fate = "asked" | "acknowledged" | "rolled-back";

export class GatewayLedger {
  readonly #fates = new Map<number, Fate>();
  readonly #clients = new Map<number, string>();

  /** @param url of somebody who may make the table */
  static async create(url: string): Promise<GatewayLedger> {
    await withClient(url, async (client) => {
      await client.query(`CREATE TABLE ${ledgerTable} (id bigint NOT NULL, client text NOT NULL)`);
      await client.query(`CREATE INDEX ON ${ledgerTable} (id)`);
    });
    return new GatewayLedger();
  }

  get asked(): number {
    return this.#fates.size;
  }

  /** A number that nobody has had. Whether its row is there is not known from now on. */
  draw(client = "person"): number {
    const id = this.#fates.size + 1;
    this.#fates.set(id, "asked");
    this.#clients.set(id, client);
    return id;
  }

  /** Whose row it is, as the row itself says. */
  clientOf(id: number): string {
    return this.#clients.get(id) ?? "";
  }

  acknowledge(ids: readonly number[]): void {
    for (const id of ids) this.#fates.set(id, "acknowledged");
  }

  rolledBack(ids: readonly number[]): void {
    for (const id of ids) this.#fates.set(id, "rolled-back");
  }

  /** Compares what was said until now with the rows that are there. */
  async check(url: string): Promise<LedgerResult> {
    const known = (fate: Fate): readonly number[] =>
      [...this.#fates].filter((one) => one[1] === fate).map(([id]) => id);
    const [acknowledged, rolledBack] = [known("acknowledged"), known("rolled-back")];
    const there = new Map<number, number>();
    await withClient(url, async (client) => {
      // Also where the writer is elsewhere: everything that was acknowledged before.
      await client.query("SET leeward.consistency = 'global'");
      const text = `SELECT id, count(*)::int AS count FROM ${ledgerTable} GROUP BY id`;
      const { rows } = await client.query<{ id: string; count: number }>(text);
      for (const { id, count } of rows) there.set(Number(id), count);
    });
    return {
      acknowledged: acknowledged.length,
      lost: acknowledged.filter((id) => !there.has(id)),
      doubled: [...there].filter(([, count]) => count > 1).map(([id]) => id),
      revived: rolledBack.filter((id) => there.has(id)),
    };
  }
}

/** A connection for one thing. */
export async function withClient<T>(
  url: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: url, query_timeout: answerMsMax });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
