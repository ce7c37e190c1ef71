/** One server as a client sees it: a connection that is kept ready, and one write at a time. */
import type { Socket } from "node:net";
import pg from "pg";
import { monotonicMs } from "./monotonic.ts";

export type WriteTarget = {
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly database: string;
  readonly user: string;
  readonly password: string;
};

export type Written =
  | { readonly kind: "acknowledged"; readonly sentMs: number; readonly ackMs: number }
  | {
      readonly kind: "failed";
      readonly sentMs: number;
      readonly failedMs: number;
      readonly code: string;
    };

/** 250 ms: a server on this machine accepts in 10. One that is frozen accepts in the kernel and says nothing. */
const connectTimeoutMs = 250;
/** Between two attempts to connect: a client that wants to write again soon, and does not hammer. */
const reconnectPauseMs = 20;
/** 10 s: until then an answer that comes late is still an acknowledgement, and counts. */
const writeTimeoutMs = 10_000;

export const insert = "INSERT INTO bench_writes (id, host) VALUES ($1, $2)";

export class WriteHost {
  readonly host: string;
  readonly #config: pg.ClientConfig;
  #client: pg.Client | undefined;
  #isBusy = false;
  #isClosed = false;
  #reconnect: NodeJS.Timeout | undefined;

  constructor(
    target: WriteTarget,
    { host, port }: { readonly host: string; readonly port: number },
  ) {
    this.host = host;
    const { database, user, password } = target;
    this.#config = {
      host,
      port,
      database,
      user,
      password,
      connectionTimeoutMillis: connectTimeoutMs,
      application_name: "bench client",
    };
    this.#connect();
  }

  /** Connected, and no write of ours is under way. */
  get isIdle(): boolean {
    return this.#client !== undefined && !this.#isBusy;
  }

  /** Only while idle. Settles always. */
  async write(id: number): Promise<Written> {
    const client = this.#client;
    if (!client || this.#isBusy) throw new Error(`${this.host} is not idle`);
    this.#isBusy = true;
    const sentMs = monotonicMs();
    const late = setTimeout(() => this.#drop(client), writeTimeoutMs);
    try {
      await client.query({ name: "write", text: insert, values: [id, this.host] });
      return { kind: "acknowledged", sentMs, ackMs: monotonicMs() };
    } catch (error) {
      return { kind: "failed", sentMs, failedMs: monotonicMs(), code: codeOf(error) };
    } finally {
      clearTimeout(late);
      // A connection that broke under it has been replaced, or will be.
      this.#isBusy = false;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#reconnect);
    await this.#client?.end().catch(() => undefined);
  }

  #connect(): void {
    const client = new pg.Client(this.#config);
    client.on("error", () => this.#drop(client));
    client.on("end", () => this.#drop(client));
    void this.#open(client);
  }

  async #open(client: pg.Client): Promise<void> {
    try {
      await client.connect();
    } catch {
      this.#connectSoon();
      return;
    }
    if (this.#isClosed) await client.end();
    else this.#client = client;
  }

  #connectSoon(): void {
    if (this.#isClosed) return;
    clearTimeout(this.#reconnect);
    this.#reconnect = setTimeout(() => this.#connect(), reconnectPauseMs);
  }

  #drop(client: pg.Client): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    streamOf(client).destroy();
    this.#connectSoon();
  }
}

/** The driver ends a connection politely only, and a frozen server answers no courtesy. */
function streamOf(client: pg.Client): Socket {
  return (client as unknown as { readonly connection: { readonly stream: Socket } }).connection
    .stream;
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}
