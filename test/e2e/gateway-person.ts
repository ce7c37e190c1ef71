/** One client of a gateway in a test's own hand: what it has asked, and whether it still waits. */
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { encodeCancelRequest } from "../../src/wire/postgres/startup-messages.ts";
import { ledgerTable, type GatewayLedger } from "./gateway-ledger.ts";

/** 200 ms without an answer: what is not held takes a round trip. */
const pendingMs = 200;

/** What the driver keeps, and its types do not tell. */
type Inside = {
  readonly processID: number;
  readonly secretKey: number;
  readonly connection: { readonly stream: { destroy(): void } };
};

export type Told = { readonly code: string | undefined; readonly message: string };

export class Person implements AsyncDisposable {
  readonly client: pg.Client;
  readonly #url: string;
  readonly #ledger: GatewayLedger;
  lostBy: Error | undefined;

  private constructor(url: string, ledger: GatewayLedger) {
    this.#url = url;
    this.#ledger = ledger;
    this.client = new pg.Client({ connectionString: url, query_timeout: 60_000 });
    this.client.on("error", (error) => (this.lostBy ??= error));
  }

  static async connect(url: string, ledger: GatewayLedger): Promise<Person> {
    const person = new Person(url, ledger);
    await person.client.connect();
    return person;
  }

  /** A row of this number, asked for. */
  async insert(id = this.#ledger.draw()): Promise<number> {
    await this.client.query(`INSERT INTO ${ledgerTable} VALUES ($1, 'person')`, [id]);
    return id;
  }

  async say(sql: string): Promise<pg.QueryResult> {
    return this.client.query(sql);
  }

  /** What it is told instead of an answer; undefined: it got one. */
  async refusal(ask: Promise<unknown>): Promise<Told | undefined> {
    try {
      await ask;
      return undefined;
    } catch (error) {
      const { code, message } = error as { readonly code?: string; readonly message: string };
      return { code, message };
    }
  }

  /** As psql does at Ctrl-C. */
  async cancel(): Promise<void> {
    const { processID, secretKey } = this.client as unknown as Inside;
    const secret = Buffer.alloc(4);
    secret.writeInt32BE(secretKey);
    const { hostname, port } = new URL(this.#url);
    await new Promise<void>((resolve, reject) => {
      const socket = connect(Number(port), hostname);
      socket.on("error", reject);
      socket.on("close", () => resolve());
      socket.end(encodeCancelRequest({ processId: processID, secret }));
    });
  }

  /** Without a farewell. */
  vanish(): void {
    (this.client as unknown as Inside).connection.stream.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.end().catch(() => undefined);
  }
}

/** Whether it is still not answered after a moment. */
export async function isPending(asked: Promise<unknown>): Promise<boolean> {
  const late = Symbol("late");
  const first = await Promise.race([asked.catch(() => undefined), sleep(pendingMs, late)]);
  return first === late;
}
