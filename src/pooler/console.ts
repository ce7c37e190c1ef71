/** PgBouncer's console: a database of its own that answers SHOW and obeys commands, in simple queries. */
import { Socket } from "node:net";
import pg from "pg";
import { formatAddress, type Address } from "../model/address.ts";
import { Failure } from "../model/failure.ts";
import { onAbort } from "../std/on-abort.ts";
import type { Secret } from "../std/secret.ts";
import { parseActiveServers, parseDatabases, withAges, type Row } from "./console-rows.ts";
import type { ActiveServer, ServerPlace } from "./evict.ts";
import { consoleDatabase, consoleUser, quoteName } from "./ini.ts";
import type { RunningLine } from "./line.ts";

/** 2 s for an answer that takes a millisecond: it is on this machine, and one event loop serves clients and us. */
const answerMsMax = 2_000;

/** What the loop needs of it; the rest of PgBouncer is its clients' own. */
export interface Console {
  /** @throws Failure `pooler.console-failed`, as all of these do, and `pooler.unsupported`. */
  databases(): Promise<readonly RunningLine[]>;
  /**
   * All of them, if one `matters`, and else none: the ages of their requests are asked from as many clients as there
   * are.
   */
  activeServers(matters: (server: ServerPlace) => boolean): Promise<readonly ActiveServer[]>;
  /**
   * Settles when no server of the database is in use any more. When `signal` aborts, the wait is over and rejects; the
   * database stays paused.
   */
  pause(name: string, signal: AbortSignal): Promise<void>;
  resume(name: string): Promise<void>;
  /** Servers end as soon as nobody uses them. */
  reconnect(name: string): Promise<void>;
  /** All clients of a database end, and it is paused then. */
  kill(name: string): Promise<void>;
  reload(): Promise<void>;
  /** Requests that are older end with their clients; 0: none do. In force until the next reload. */
  limitRequests(seconds: number): Promise<void>;
  close(): void;
}

type Session = { readonly client: pg.Client; readonly socket: Socket };

export class PgbouncerConsole implements Console {
  readonly #address: Address;
  readonly #password: Secret;
  #session: Session | undefined;

  constructor(address: Address, password: Secret) {
    this.#address = address;
    this.#password = password;
  }

  async databases(): Promise<readonly RunningLine[]> {
    return parseDatabases(await this.#ask("SHOW DATABASES"));
  }

  async activeServers(matters: (server: ServerPlace) => boolean): Promise<readonly ActiveServer[]> {
    const servers = parseActiveServers(await this.#ask("SHOW SERVERS"));
    if (!servers.some(matters)) return [];
    return withAges(servers, await this.#ask("SHOW CLIENTS"));
  }

  /** In a session of its own, because the console answers nothing else before; PAUSE outlives the session. */
  async pause(name: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const text = `PAUSE ${quoteName(name)}`;
    const session = await this.#connect(0).catch((cause: unknown) => {
      throw this.#failure(text, cause);
    });
    const forget = onAbort(signal, () => session.socket.destroy());
    try {
      if (signal.aborted) throw signal.reason;
      await session.client.query(text);
    } catch (cause) {
      throw signal.aborted ? signal.reason : this.#failure(text, cause);
    } finally {
      forget();
      session.socket.destroy();
    }
  }

  async resume(name: string): Promise<void> {
    await this.#ask(`RESUME ${quoteName(name)}`);
  }

  async reconnect(name: string): Promise<void> {
    await this.#ask(`RECONNECT ${quoteName(name)}`);
  }

  async kill(name: string): Promise<void> {
    await this.#ask(`KILL ${quoteName(name)}`);
  }

  async reload(): Promise<void> {
    await this.#ask("RELOAD");
  }

  async limitRequests(seconds: number): Promise<void> {
    await this.#ask(`SET query_timeout = '${seconds}'`);
  }

  close(): void {
    this.#session?.socket.destroy();
    this.#session = undefined;
  }

  /** Asked one after the other, by one loop. */
  async #ask(text: string): Promise<readonly Row[]> {
    try {
      this.#session ??= await this.#connect(answerMsMax);
      return (await this.#session.client.query<Row>(text)).rows;
    } catch (cause) {
      // After a refusal in words the session is good; after anything else nobody knows.
      if (!(cause instanceof pg.DatabaseError) || cause.severity !== "ERROR") this.close();
      throw this.#failure(text, cause);
    }
  }

  async #connect(queryMsMax: number): Promise<Session> {
    const socket = new Socket();
    const client = new pg.Client({
      host: this.#address.host,
      port: this.#address.port,
      user: consoleUser,
      password: this.#password.reveal(),
      database: consoleDatabase,
      connectionTimeoutMillis: answerMsMax,
      ...(queryMsMax > 0 ? { query_timeout: queryMsMax } : {}),
      stream: () => socket,
    });
    const forget = (): void => {
      if (this.#session?.client === client) this.#session = undefined;
    };
    // A PgBouncer that ends breaks an idle session; without a listener that would end this process.
    client.on("error", forget).on("end", forget);
    try {
      await client.connect();
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return { client, socket };
  }

  #failure(text: string, cause: unknown): Failure {
    const where = `the console of PgBouncer on ${formatAddress(this.#address)}`;
    return new Failure("pooler.console-failed", `${text} failed on ${where}`, { cause });
  }
}
