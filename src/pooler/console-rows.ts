/** What PgBouncer's console answers, in our words. Columns of later versions that we do not know are passed over. */
import { z } from "zod";
import { Failure } from "../model/failure.ts";
import type { ActiveServer, ServerPlace } from "./evict.ts";
import { consoleDatabase, consoleUser } from "./ini.ts";
import type { RunningLine } from "./line.ts";

export type Row = Readonly<Record<string, unknown>>;

const databaseRow = z.object({
  name: z.string(),
  host: z.string().nullable(),
  port: z.coerce.number(),
  database: z.string(),
  paused: z.coerce.number(),
});

const serverRow = z.object({
  database: z.string(),
  state: z.string(),
  addr: z.string(),
  port: z.coerce.number(),
  link: z.string(),
});

const clientRow = z.object({
  user: z.string().nullable(),
  database: z.string(),
  request_time: z.string(),
  ptr: z.string(),
});

type ClientRow = z.output<typeof clientRow>;

/** All but the console itself. @throws Failure `pooler.unsupported` */
export function parseDatabases(rows: readonly Row[]): readonly RunningLine[] {
  return parse("SHOW DATABASES", databaseRow, rows)
    .filter(({ name }) => name !== consoleDatabase)
    .map(({ name, host, port, database, paused }) => ({
      name,
      host: host ?? "",
      port,
      dbname: database,
      isPaused: paused === 1,
    }));
}

/** One that somebody uses, with PgBouncer's own name for that client. */
export type LinkedServer = ServerPlace & { readonly link: string };

/** From SHOW SERVERS. @throws Failure `pooler.unsupported` */
export function parseActiveServers(rows: readonly Row[]): readonly LinkedServer[] {
  return parse("SHOW SERVERS", serverRow, rows)
    .filter(({ state }) => state === "active")
    .map(({ database, addr, port, link }) => ({ name: database, host: addr, port, link }));
}

/**
 * From a SHOW CLIENTS that was asked after it, in which our own request is the newest and so tells PgBouncer's time.
 * @throws Failure `pooler.unsupported`
 */
export function withAges(
  servers: readonly LinkedServer[],
  rows: readonly Row[],
): readonly ActiveServer[] {
  const clients = parse("SHOW CLIENTS", clientRow, rows);
  const byPointer = new Map(clients.map((client) => [client.ptr, client] as const));
  const ours = clients.filter(
    ({ database, user }) => database === consoleDatabase && user === consoleUser,
  );
  const nowSeconds = Math.max(...ours.map(secondsOf));
  return servers.flatMap(({ name, host, port, link }) => {
    const client = byPointer.get(link);
    if (!client) return [];
    return [{ name, host, port, ageSeconds: Math.max(0, nowSeconds - secondsOf(client)) }];
  });
}

/** `2026-11-21 23:48:04 UTC`: the zone is the same in all of them, and only differences count. */
function secondsOf({ request_time }: ClientRow): number {
  // oxlint-disable-next-line no-restricted-globals -- reads a text, and asks no clock.
  return Date.parse(`${request_time.slice(0, 19).replace(" ", "T")}Z`) / 1_000;
}

function parse<T>(question: string, row: z.ZodType<T>, rows: readonly Row[]): readonly T[] {
  const parsed = z.array(row).safeParse(rows);
  if (parsed.success) return parsed.data;
  const because = z.prettifyError(parsed.error);
  throw new Failure(
    "pooler.unsupported",
    `PgBouncer answers ${question} in another way than is known: ${because}`,
  );
}
