/** Drives the client's process, one request at a time, and asks the database what it kept of what was acknowledged. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import type { ClientAnswer, ClientRequest } from "./write-client-part.ts";
import type { WriteTarget } from "./write-host.ts";
import type { Acknowledgement, WriteLog } from "./write-log.ts";

/** How often it is asked whether somebody acknowledges. What is measured is in its log, not in this. */
const askEveryMs = 50;
/** 5 s: both servers are well when they are asked. */
const connectTimeoutMs = 5_000;

export class WriteClientProcess {
  readonly target: WriteTarget;
  readonly #child: ChildProcess;
  readonly #died: Promise<never>;

  private constructor(target: WriteTarget, child: ChildProcess) {
    this.target = target;
    this.#child = child;
    this.#died = once(child, "exit").then(([code]) => {
      throw new Error(`The client ended with ${String(code)}`);
    });
    this.#died.catch(() => undefined);
  }

  /** @throws Error when there is no writer among the hosts that could make its table */
  static async start(target: WriteTarget): Promise<WriteClientProcess> {
    const firstId = await onWriter(target, makeTable);
    const path = fileURLToPath(new URL("write-client-part.ts", import.meta.url));
    const child = fork(path, [], { serialization: "advanced" });
    await once(child, "message");
    const started = new WriteClientProcess(target, child);
    await started.#ask({ kind: "start", target, firstId });
    return started;
  }

  async take(): Promise<WriteLog> {
    return (await this.#ask({ kind: "take" })) as WriteLog;
  }

  /** Waits for an acknowledgement by `host` (by anybody: undefined) that was not taken yet. */
  async untilAcknowledged(host: string | undefined, boundMs: number): Promise<void> {
    const signal = AbortSignal.timeout(boundMs);
    for (;;) {
      const last = (await this.#ask({ kind: "last" })) as Acknowledgement | undefined;
      if (last && (host === undefined || last.host === host)) return;
      await sleep(askEveryMs, undefined, { signal }).catch(() => {
        throw new Error(`${host ?? "No server"} acknowledged no write within ${boundMs} ms`);
      });
    }
  }

  /** Acknowledged, and not in the database of `host`, which is to be the writer. */
  async missing({ acknowledged }: WriteLog, host: string): Promise<readonly number[]> {
    const place = this.target.hosts.find((one) => one.host === host);
    if (!place) throw new Error(`The client does not know ${host}`);
    const ids = acknowledged.map(({ id }) => id);
    return withClient(this.target, place, async (client) => {
      const { rows } = await client.query<{ id: string }>(
        `SELECT id FROM unnest($1::bigint[]) AS acknowledged (id)
         WHERE NOT EXISTS (SELECT FROM bench_writes AS kept WHERE kept.id = acknowledged.id) ORDER BY id`,
        [ids],
      );
      return rows.map(({ id }) => Number(id));
    });
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    await this.#ask({ kind: "close" });
    const ended = once(this.#child, "exit");
    this.#child.disconnect();
    await ended;
  }

  async #ask(request: ClientRequest): Promise<ClientAnswer> {
    const answered = once(this.#child, "message");
    this.#child.send(request);
    const [{ value }] = (await Promise.race([answered, this.#died])) as [{ value: ClientAnswer }];
    return value;
  }
}

async function makeTable(client: pg.Client): Promise<number> {
  await client.query("CREATE TABLE IF NOT EXISTS bench_writes (id bigint PRIMARY KEY, host text)");
  const { rows } = await client.query<{ next: number }>(
    "SELECT coalesce(max(id), 0)::float8 + 1 AS next FROM bench_writes",
  );
  return rows[0]?.next ?? 1;
}

/** By `transaction_read_only`, as libpq's `target_session_attrs=read-write` finds it. */
async function onWriter<T>(
  target: WriteTarget,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  for (const place of target.hosts) {
    const done = await withClient(target, place, async (client) => {
      const { rows } = await client.query<{ is: boolean }>(
        "SELECT current_setting('transaction_read_only') = 'off' AS is",
      );
      return rows[0]?.is === true ? { value: await work(client) } : undefined;
    });
    if (done) return done.value;
  }
  const hosts = target.hosts.map(({ host }) => host);
  throw new Error(`${hosts.join(" and ")}: none of them is a writer`);
}

async function withClient<T>(
  { database, user, password }: WriteTarget,
  place: WriteTarget["hosts"][number],
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const login = { database, user, password, connectionTimeoutMillis: connectTimeoutMs };
  const client = new pg.Client({ ...place, ...login });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
