/**
 * The gateway's own questions to one instance of its Region, as the superuser: how far it has replayed, whose password
 * is what, what the catalog says. One connection that is kept, and one question at a time; answers are text.
 */
import { Socket } from "node:net";
import pg from "pg";
import { withDeadline } from "../env/deadline.ts";
import type { Clock } from "../env/env.ts";
import { type Address, formatAddress } from "../model/address.ts";
import { Failure } from "../model/failure.ts";
import { Backoff } from "../std/backoff.ts";
import type { Secret } from "../std/secret.ts";
import { withSignal } from "./with-signal.ts";

/** Loopback, and an instance of this Region: a login takes some 10 ms, also on a busy machine less than this. */
const LOGIN_TIMEOUT_MS = 2000;

/** The heaviest question is the catalog's, some 100 ms for ten thousand functions. */
const QUESTION_TIMEOUT_MS = 2000;

/** Far more than there are who ask: positions, verifiers, the catalog. */
const QUEUE_MAX = 1000;

/** Between tries to connect. A question meanwhile fails at once: whoever asks can do without, or asks again. */
const RETRY_FIRST_MS = 20;
const RETRY_MAX_MS = 1000;

/** SQL names mean what PostgreSQL itself means by them, and nothing can be written by mistake. */
const OPTIONS = [
  "search_path=pg_catalog",
  "default_transaction_read_only=on",
  "standard_conforming_strings=on",
  "client_encoding=UTF8",
  "TimeZone=UTC",
  `statement_timeout=${QUESTION_TIMEOUT_MS}`,
]
  .map((option) => `-c ${option}`)
  .join(" ");

export type InternalLogin = {
  readonly user: string;
  readonly password: Secret;
  readonly database: string;
};

export type InternalConnectionDoors = {
  readonly clock: Clock;
  /** The connection is gone: what was known through it may be so no longer (`ReplayWatch.forget`). */
  readonly onLost: () => void;
};

export type TextRow = readonly (string | null)[];

type Open = { readonly client: pg.Client; readonly socket: Socket };

export class InternalConnection {
  readonly #address: Address;
  readonly #login: InternalLogin;
  readonly #doors: InternalConnectionDoors;
  readonly #backoff = new Backoff(RETRY_FIRST_MS, RETRY_MAX_MS);
  #open: Open | undefined;
  #retryAtMs = -Infinity;
  #queued = 0;
  /** Settles, and never rejects, when all questions so far are over. */
  #last: Promise<void> = Promise.resolve();
  #isClosed = false;

  /** Connects with the first question. */
  constructor(address: Address, login: InternalLogin, doors: InternalConnectionDoors) {
    this.#address = address;
    this.#login = login;
    this.#doors = doors;
  }

  /**
   * Asks once, by the simple protocol. A question that was begun goes on when the signal aborts, at most until its
   * deadline of 2 s (4 s with a login); one in the queue is not asked any more.
   * @throws Failure `postgres.query-failed`, `gateway.limit-reached`
   */
  async query(sql: string, signal: AbortSignal): Promise<readonly TextRow[]> {
    if (this.#queued >= QUEUE_MAX) {
      const message = `${this.#name()} was not asked: ${QUEUE_MAX} questions wait already`;
      throw new Failure("gateway.limit-reached", message);
    }
    this.#queued += 1;
    const turn = this.#last.then(async () => {
      this.#queued -= 1;
      signal.throwIfAborted();
      return this.#ask(sql);
    });
    this.#last = turn.then(
      () => undefined,
      () => undefined,
    );
    return withSignal(turn, signal);
  }

  /** The next question needs no login. */
  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** Ends the connection; a question under way fails. */
  close(): void {
    this.#isClosed = true;
    this.#drop();
  }

  #name(): string {
    return `PostgreSQL at ${formatAddress(this.#address)}`;
  }

  async #ask(sql: string): Promise<readonly TextRow[]> {
    const { client } = this.#open ?? (await this.#connect());
    const expired = (): Error => new Error(`no answer within ${QUESTION_TIMEOUT_MS} ms`);
    try {
      return await this.#within(QUESTION_TIMEOUT_MS, expired, async () => {
        const { rows } = await client.query<(string | null)[]>({ text: sql, rowMode: "array" });
        return rows;
      });
    } catch (cause) {
      // After an answer of the server itself the connection is good; after anything else nobody knows.
      if (!(cause instanceof pg.DatabaseError) || cause.severity !== "ERROR") this.#drop();
      throw new Failure("postgres.query-failed", `A question to ${this.#name()} failed`, { cause });
    }
  }

  async #connect(): Promise<Open> {
    const { clock } = this.#doors;
    const restMs = this.#retryAtMs - clock.monotonicMs();
    if (this.#isClosed || restMs > 0) {
      const why = this.#isClosed
        ? "the connection is closed"
        : `tried again in ${restMs.toFixed(0)} ms`;
      throw new Failure("postgres.query-failed", `${this.#name()} was not asked: ${why}`);
    }
    const socket = new Socket();
    const client = this.#client(socket);
    const expired = (): Error => new Error(`no login within ${LOGIN_TIMEOUT_MS} ms`);
    try {
      await this.#within(LOGIN_TIMEOUT_MS, expired, () => client.connect());
      if (this.#isClosed) throw new Error("the connection was closed meanwhile");
    } catch (cause) {
      socket.destroy();
      this.#retryAtMs = clock.monotonicMs() + this.#backoff.nextMs();
      throw new Failure("postgres.query-failed", `${this.#name()} could not be connected to`, {
        cause,
      });
    }
    this.#backoff.reset();
    const open = { client, socket };
    this.#open = open;
    return open;
  }

  #client(socket: Socket): pg.Client {
    const { user, password, database } = this.#login;
    const client = new pg.Client({
      host: this.#address.host,
      port: this.#address.port,
      user,
      password: password.reveal(),
      database,
      application_name: "leeward-gateway",
      options: OPTIONS,
      stream: () => socket,
      types: { getTypeParser: () => (text: string) => text },
    });
    const lost = (): void => {
      if (this.#open?.client === client) this.#drop();
    };
    // A server that stops breaks an idle connection; without a listener that would end this process.
    client.on("error", lost).on("end", lost);
    return client;
  }

  /** Without a word, so that a server that hangs cannot hold us. */
  #drop(): void {
    if (!this.#open) return;
    this.#open.socket.destroy();
    this.#open = undefined;
    this.#doors.onLost();
  }

  /** A question is shared with nobody and ends by its deadline alone: half of one would spoil the connection. */
  #within<T>(ms: number, expired: () => Error, work: () => Promise<T>): Promise<T> {
    return withDeadline(this.#doors.clock, { ms, expired }, unending, work);
  }
}

const unending = new AbortController().signal;
