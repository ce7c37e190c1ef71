/** One connection to the instance itself, made when it is first needed and again after it broke. */
import { Socket } from "node:net";
import pg from "pg";
import type { Address } from "../model/address.ts";
import { formatAddress } from "../model/address.ts";
import { Failure } from "../model/failure.ts";
import type { Secret } from "../std/secret.ts";
import { superuser } from "./configuration.ts";

/** Loopback, to a server that is ready; more means that it hangs. */
const CONNECT_TIMEOUT_MS = 3000;

/** The heaviest of ours reads a few MiB of WAL, which takes 0.2 s. */
const QUERY_TIMEOUT_MS = 5000;

export type Row = Readonly<Record<string, unknown>>;

export class SqlConnection {
  readonly #address: Address;
  readonly #password: Secret;
  #open: { readonly client: pg.Client; readonly socket: Socket } | undefined;
  /** Questions are asked one after the other. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(address: Address, password: Secret) {
    this.#address = address;
    this.#password = password;
  }

  /**
   * Asks once. A question that was begun goes on when the signal aborts, at most until its timeout.
   * @throws Failure `postgres.query-failed`
   */
  async query<R extends Row>(
    text: string,
    values: readonly unknown[],
    signal: AbortSignal,
  ): Promise<readonly R[]> {
    const turn = this.#tail.then(async () => {
      signal.throwIfAborted();
      return this.#ask(text, values);
    });
    this.#tail = turn.catch(() => undefined);
    return (await turn) as readonly R[];
  }

  /** Drops the connection without a word, so that a server that hangs cannot hold us. The next query opens another. */
  close(): void {
    this.#open?.socket.destroy();
    this.#open = undefined;
  }

  async #ask(text: string, values: readonly unknown[]): Promise<readonly unknown[]> {
    try {
      const client = this.#open?.client ?? (await this.#connect());
      const { rows } = await client.query(text, [...values]);
      return rows;
    } catch (cause) {
      // After an answer of the server itself the connection is good; after anything else nobody knows.
      if (!(cause instanceof pg.DatabaseError) || cause.severity !== "ERROR") this.close();
      throw new Failure(
        "postgres.query-failed",
        `A query on ${formatAddress(this.#address)} failed`,
        {
          cause,
        },
      );
    }
  }

  async #connect(): Promise<pg.Client> {
    const socket = new Socket();
    const client = new pg.Client({
      host: this.#address.host,
      port: this.#address.port,
      user: superuser,
      password: this.#password.reveal(),
      database: "postgres",
      application_name: "leeward",
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      options: `-c TimeZone=UTC -c statement_timeout=${QUERY_TIMEOUT_MS} -c synchronous_commit=local`,
      stream: () => socket,
    });
    const forget = (): void => {
      if (this.#open?.client === client) this.#open = undefined;
    };
    // A server that stops breaks an idle connection; without a listener that would end this process.
    client.on("error", forget).on("end", forget);
    await client.connect().catch((error: unknown) => {
      socket.destroy();
      throw error;
    });
    this.#open = { client, socket };
    return client;
  }
}
