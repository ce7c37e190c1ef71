import { randomUUID } from "node:crypto";
import { chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { drawAddress } from "../test/postgres/scratch.ts";
import { runAsPrefix, type RunAs } from "../src/postgres/run-as.ts";
import { databaseName, password, user, type BenchPostgres } from "./gateway-postgres.ts";
import { launch, type Proxy } from "./gateway-proxy.ts";

/** The client's most, and some for the bench's own looks. */
const clientsMax = 12_000;

export type Pooling = { readonly mode: "transaction" | "session"; readonly servers: number };

/** In front of the standby, with SCRAM on both sides as the gateway has it. */
export async function startPgbouncer(
  program: { readonly path: string; readonly poolsPrepared: boolean },
  postgres: BenchPostgres,
  { mode, servers }: Pooling,
): Promise<Proxy> {
  const name = `PgBouncer, ${mode}`;
  const { scratch, standby } = postgres;
  const directory = join(scratch.directory, `pgbouncer-${mode}-${servers}-${randomUUID()}`);
  const address = { host: drawAddress().host, port: 6432 };
  const prepared = program.poolsPrepared ? "max_prepared_statements = 200\n" : "";
  const settings = `[databases]
${databaseName} = host=${standby.host} port=${standby.port} dbname=${databaseName}
[pgbouncer]
listen_addr = ${address.host}
listen_port = ${address.port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${directory}/users.txt
pool_mode = ${mode}
default_pool_size = ${servers}
max_client_conn = ${clientsMax}
ignore_startup_parameters = extra_float_digits,options
log_connections = 0
log_disconnections = 0
${prepared}`;
  const file = join(directory, "pgbouncer.ini");
  giveTo(scratch.runAs, directory, {
    "pgbouncer.ini": settings,
    "users.txt": `"${user}" "${password.reveal()}"\n`,
  });
  const command = [...runAsPrefix(scratch.runAs), program.path, file];
  const after = async (): Promise<void> => undefined;
  return launch({ name, address, command, directory, endSignal: "SIGQUIT", after });
}

/** Writes files where the one who runs the servers reads them. */
export function giveTo(
  runAs: RunAs,
  directory: string,
  files: Readonly<Record<string, string>>,
): void {
  mkdirSync(directory, { mode: 0o700 });
  const paths = Object.entries(files).map(([name, text]) => {
    const path = join(directory, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  });
  if (runAs.kind !== "other-user") return;
  for (const path of [directory, ...paths]) chownSync(path, runAs.user.uid, runAs.user.gid);
}
