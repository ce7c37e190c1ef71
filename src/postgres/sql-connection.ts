/** One connection to a server, made when it is first needed and again after it broke. */
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

/** The SQLSTATE of a write where none is let in. */
const READ_ONLY = "25006";

export type Row = Readonly<Record<string, unknown>>;

export type SqlConnectionOptions = {
  readonly database?: string;
  readonly connectTimeoutMs?: number;
  readonly queryTimeoutMs?: number;
};

export class SqlConnection {
  readonly #address: Address;
  readonly #password: Secret;
  readonly #options: Required<SqlConnectionOptions>;
  #open: { readonly client: pg.Client; readonly socket: Socket } | undefined;
  /** Questions are asked one after the other. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(address: Address, password: Secret, options: SqlConnectionOptions = {}) {
    this.#address = address;
    this.#password = password;
    this.#options = {
      database: "postgres",
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      queryTimeoutMs: QUERY_TIMEOUT_MS,
      ...options,
    };
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
    return (await this.#inTurn(() => this.#ask(text, values), signal)) as readonly R[];
  }

  /**
   * Several statements in one message, with transactions of their own. Nothing of one that failed is left behind.
   * @throws Failure `postgres.query-failed`
   */
  async script(text: string, signal: AbortSignal): Promise<void> {
    await this.#inTurn(async () => {
      try {
        return await this.#ask(text, []);
      } catch (error) {
        // Refused before anything was taken; a new login would cost more than the question.
        if (sqlState(error) === READ_ONLY) await this.#ask("rollback", []);
        else this.close();
        throw error;
      }
    }, signal);
  }

  /** Drops the connection without a word, so that a server that hangs cannot hold us. The next query opens another. */
  close(): void {
    this.#open?.socket.destroy();
    this.#open = undefined;
  }

  async #inTurn<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const turn = this.#tail.then(async () => {
      signal.throwIfAborted();
      return ask();
    });
    this.#tail = turn.catch(() => undefined);
    return turn;
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
    const { database, connectTimeoutMs, queryTimeoutMs } = this.#options;
    const socket = new Socket();
    const client = new pg.Client({
      host: this.#address.host,
      port: this.#address.port,
      user: superuser,
      password: this.#password.reveal(),
      database,
      application_name: "leeward",
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: queryTimeoutMs,
      options: `-c TimeZone=UTC -c statement_timeout=${queryTimeoutMs} -c synchronous_commit=local`,
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

/** PostgreSQL's code for why it refused, through whatever it is wrapped in. */
export function sqlState(error: unknown): string | undefined {
  if (error instanceof pg.DatabaseError) return error.code;
  return error instanceof Error && error.cause !== undefined ? sqlState(error.cause) : undefined;
}
