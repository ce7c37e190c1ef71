/** The orders database of the retail store in a PostgreSQL of its own, as its services know it. */
import { randomUUID } from "node:crypto";
import pg from "pg";
import { migrate } from "../../examples/retail-store/databases/migrate.ts";
import { orderMigrations } from "../../examples/retail-store/databases/seed-orders.ts";
import {
  openDatabase,
  type Database,
} from "../../examples/retail-store/services/shared/database.ts";
import type { Address } from "../../src/model/address.ts";
import type { PostgresServer } from "../../src/postgres/server.ts";
import { Secret } from "../../src/std/secret.ts";
import {
  drawAddress,
  eventually,
  Scratch,
  soon,
  sql as runSql,
  startPrimary,
  superuserPassword,
  upstreamAt,
} from "../postgres/scratch.ts";

const password = new Secret("orders-secret");

/** Of products 1 to 5; and one of which there are none. */
const stock = [1, 2, 3, 4, 5].map((productId) => ({ productId, onHand: 10 }));

export class OrdersBench {
  readonly scratch: Scratch;
  readonly address: Address;
  readonly server: PostgresServer;
  readonly database: Database;
  readonly #opened: Database[] = [];

  private constructor(scratch: Scratch) {
    this.scratch = scratch;
    this.address = drawAddress();
    this.server = scratch.server("a", this.address);
    this.database = this.open(this.address);
  }

  static async open(): Promise<OrdersBench> {
    const bench = new OrdersBench(await Scratch.open());
    try {
      await bench.#create();
      return bench;
    } catch (error) {
      await bench.close();
      throw error;
    }
  }

  async #create(): Promise<void> {
    const rights = { login: true, superuser: false, replication: false, memberOf: [] };
    const role = { name: "orders", ...rights, password };
    await this.server.create({ databaseName: "orders", owner: "orders", roles: [role] }, soon());
    await startPrimary(this.server);
    // What a gateway would answer: PostgreSQL itself keeps any setting with a dot in its name.
    const asSuperuser = { user: "leeward", password: superuserPassword, database: "postgres" };
    await runSql(this.address, "alter role orders set leeward.token = 'none'", asSuperuser);
    await migrate(this.database, orderMigrations([...stock, { productId: 6, onHand: 0 }]));
  }

  url({ host, port }: Address = this.address): string {
    return `postgres://orders:${password.reveal()}@${host}:${port}/orders`;
  }

  /** Closed with the bench. */
  open(address: Address, connectionsMax = 20): Database {
    const database = openDatabase({
      url: this.url(address),
      manner: "gateway",
      isLocal: true,
      connectionsMax,
    });
    this.#opened.push(database);
    return database;
  }

  async rows<T = Record<string, unknown>>(
    sql: string,
    values: readonly unknown[] = [],
    database = this.database,
  ): Promise<readonly T[]> {
    return (await database.write<T>(sql, values)).rows;
  }

  /** As it was in the beginning, but for the numbers of orders. */
  async refill(): Promise<void> {
    await this.rows("truncate customer, customer_order, order_item, outbox");
    await this.rows("update inventory set on_hand = case when product_id = 6 then 0 else 10 end");
  }

  async onHand(productId: number, database = this.database): Promise<number | undefined> {
    const sql = "select on_hand from inventory where product_id = $1";
    return (await this.rows<{ on_hand: number }>(sql, [productId], database))[0]?.on_hand;
  }

  /** Runs `sql` in a transaction that stays open: its locks are held until they are released. */
  async hold(sql: string): Promise<{ readonly release: () => Promise<void> }> {
    const client = new pg.Client({ connectionString: this.url() });
    await client.connect();
    await client.query("begin");
    await client.query(sql);
    return { release: () => client.end() };
  }

  /** A standby that follows `from`, caught up. */
  async follow(from: PostgresServer, fromAddress: Address, name: string): Promise<Standby> {
    const upstream = upstreamAt(fromAddress, `leeward_${name}_1`);
    const address = drawAddress();
    const server = this.scratch.server(name, address);
    await from.ensureSlots([upstream.slot], soon());
    const { systemId } = await from.status(soon());
    await server.clone(upstream, systemId, () => undefined, soon());
    await server.start({ kind: "secondary", upstream }, soon());
    await eventually("it streams", async () => (await server.status(soon())).isStreaming);
    return { address, server, database: this.open(address) };
  }

  async close(): Promise<void> {
    await Promise.all(this.#opened.map((database) => database.close()));
    await this.scratch[Symbol.asyncDispose]();
  }
}

export type Standby = {
  readonly address: Address;
  readonly server: PostgresServer;
  readonly database: Database;
};

export type Purchase = {
  readonly key?: string;
  readonly customer?: string;
  readonly name?: string;
  readonly lines?: readonly { productId: number; quantity: number; unitPrice: number }[];
  readonly subtotal?: number;
  readonly tax?: number;
  readonly shipping?: number;
};

/** Of `place_order`, in its order. */
export function purchaseValues(purchase: Purchase = {}): readonly unknown[] {
  const { lines = [{ productId: 1, quantity: 1, unitPrice: 42.95 }] } = purchase;
  const cents = lines.reduce(
    (sum, line) => sum + line.quantity * Math.round(line.unitPrice * 100),
    0,
  );
  return [
    purchase.key ?? randomUUID(),
    purchase.customer ?? "guest:1",
    "ada@example.com",
    purchase.name ?? "Ada",
    "Lovelace",
    JSON.stringify({ street: "St James's Square 12", city: "London" }),
    "express",
    "4242",
    "us-east-1",
    JSON.stringify(lines.map((line) => ({ ...line, name: `Product ${line.productId}` }))),
    purchase.subtotal ?? cents / 100,
    purchase.tax ?? 2.15,
    purchase.shipping ?? 15,
  ];
}

export const placeOrder = `select * from place_order(${purchaseValues()
  .map((_, index) => `$${index + 1}`)
  .join(", ")})`;
