/** One connection to one PostgreSQL, statement by statement. Values stay in PostgreSQL's own text. */
import type { EventEmitter } from "node:events";
import pg from "pg";
import { formatAddress, type Address } from "../model/address.ts";
import { Failure } from "../model/failure.ts";
import type { Secret } from "../std/secret.ts";
import type { SqlResult, SqlValue } from "./result-table.ts";
import { requestCancel } from "./sql-cancel.ts";
import { describeServerError } from "./sql-error.ts";
import { firstWord } from "./sql-splitter.ts";

/** 5 s: a server on this machine answers in milliseconds, or it does not run. */
const connectTimeoutMs = 5_000;

export type SqlTarget = {
  readonly address: Address;
  readonly database: string;
  readonly user: string;
  readonly password: Secret;
  /** PEM of the authority that the server's certificate must be of; undefined: the connection is in clear. */
  readonly ca: string | undefined;
};

export class SqlSession {
  readonly #target: SqlTarget;
  readonly #client: pg.Client;
  #tag = "";
  #isRunning = false;

  private constructor(target: SqlTarget, client: pg.Client) {
    this.#target = target;
    this.#client = client;
    // The tag of the server's answer is whole only there: `CREATE TABLE`, not `CREATE`.
    const { connection } = client as unknown as { readonly connection: EventEmitter };
    connection.on("commandComplete", ({ text }: { readonly text: string }) => (this.#tag = text));
  }

  /**
   * @param onNotice what the server says besides (RAISE NOTICE, warnings)
   * @throws Failure `network.unreachable`, `postgres.query-failed` when the server refuses the connection
   */
  static async open(target: SqlTarget, onNotice: (text: string) => void): Promise<SqlSession> {
    const client = clientOf(target);
    // A connection that breaks while nothing runs shows with the next statement.
    client.on("error", () => undefined);
    client.on("notice", ({ severity, message }) =>
      onNotice(`${severity ?? "NOTICE"}:  ${message}`),
    );
    try {
      await client.connect();
    } catch (cause) {
      const where = `${target.database} at ${formatAddress(target.address)}`;
      const isRefusal = cause instanceof pg.DatabaseError;
      const code = isRefusal ? "postgres.query-failed" : "network.unreachable";
      throw new Failure(code, `Could not connect to ${where} as ${target.user}`, { cause });
    }
    return new SqlSession(target, client);
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** @throws Failure `sql.failed` with PostgreSQL's own words, `sql.unsupported`, `network.unreachable` */
  async run(statement: string): Promise<SqlResult> {
    refuseCopy(statement);
    this.#isRunning = true;
    this.#tag = "";
    try {
      const answer = await this.#client.query<SqlValue[]>({ text: statement, rowMode: "array" });
      const columns = answer.fields.map(({ name, dataTypeID }) => ({ name, typeId: dataTypeID }));
      return { tag: this.#tag, columns, rows: answer.rows };
    } catch (cause) {
      if (cause instanceof pg.DatabaseError) {
        throw new Failure("sql.failed", describeServerError(cause, statement));
      }
      throw new Failure("network.unreachable", "The connection to PostgreSQL broke", { cause });
    } finally {
      this.#isRunning = false;
    }
  }

  /** Asks the server to give up what runs; the statement then fails with 57014. */
  async cancel(): Promise<void> {
    await requestCancel(this.#client, this.#target.address);
  }

  async close(): Promise<void> {
    await this.#client.end().catch(() => undefined);
  }
}

function clientOf({ address, database, user, password, ca }: SqlTarget): pg.Client {
  return new pg.Client({
    host: address.host,
    port: address.port,
    database,
    user,
    password: password.reveal(),
    ssl: ca === undefined ? false : { ca },
    application_name: "leeward psql",
    connectionTimeoutMillis: connectTimeoutMs,
    // Every value as PostgreSQL writes it: what a person sees is what the server said.
    types: { getTypeParser: () => (value: unknown) => value },
  });
}

/** COPY from and to the client needs a stream of its own beside statements and answers. */
function refuseCopy(statement: string): void {
  if (firstWord(statement) !== "COPY" || !/\b(stdin|stdout)\b/i.test(statement)) return;
  const message = "COPY … FROM STDIN and TO STDOUT do not work in `leeward psql`";
  throw new Failure("sql.unsupported", message);
}
