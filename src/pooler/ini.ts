/**
 * The files of PgBouncer as texts: the whole of `pgbouncer.ini` and of the list of users. They follow from the settings
 * and from where the names lead, so that a file is right or it is replaced; nothing in it is edited.
 */
import { assert } from "../std/assert.ts";
import type { Secret } from "../std/secret.ts";
import type { PoolerSettings } from "../wire/program-settings.ts";
import type { Line } from "./line.ts";

/** Leeward's own user on the console. It is the superuser's name in every database, so no role is called so. */
export const consoleUser = "leeward";

/** The name of the console among the databases. */
export const consoleDatabase = "pgbouncer";

/**
 * 120 s, as it is without saying so: how long a client waits for a server before it is sent away. It goes on while a
 * database is paused, so it is far more than a move's deadline (60 s at most) with what comes after it.
 */
const queryWaitSeconds = 120;

/**
 * 0.2 s, instead of 15: so long a pool makes no connection after one that failed, also after one that a move has ended
 * while it logged in, and clients of the move wait for it. A gateway that is away is not flooded by five tries a second.
 */
const loginRetrySeconds = 0.2;

/** 3 s, instead of 15: a login takes three round trips of at most 0.3 s; the next try may find a link that is whole. */
const connectSeconds = 3;

/** Silence of 1 s is asked about, each 11 s, three times. */
const keepAlive = { idleSeconds: 1, intervalSeconds: 11, count: 3 };

/** 12.5 s: what is sent and not acknowledged for so long will not be. */
const unacknowledgedMs = 12_500;

export type IniSettings = Pick<PoolerSettings, "address" | "clientsMax" | "poolSize"> & {
  /** Of the list of users. */
  readonly usersPath: string;
};

/** One `[databases]` line for each; they begin with the name, so that `egrep ^NAME` finds them. */
export function iniText(settings: IniSettings, lines: readonly Line[]): string {
  const { address, usersPath, clientsMax, poolSize } = settings;
  return `; Written by Leeward, which keeps it in step with the writers. What is changed here is put back.
[databases]
${lines.map(databaseLine).join("\n")}

[pgbouncer]
listen_addr = ${address.host}
listen_port = ${address.port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${usersPath}
admin_users = ${consoleUser}
pool_mode = transaction
max_client_conn = ${clientsMax + consolesMax}
default_pool_size = ${poolSize}
query_wait_timeout = ${queryWaitSeconds}
query_timeout = 0
server_tls_sslmode = prefer
server_connect_timeout = ${connectSeconds}
server_login_retry = ${loginRetrySeconds}
tcp_keepalive = 1
tcp_keepidle = ${keepAlive.idleSeconds}
tcp_keepintvl = ${keepAlive.intervalSeconds}
tcp_keepcnt = ${keepAlive.count}
tcp_user_timeout = ${unacknowledgedMs}
ignore_startup_parameters = extra_float_digits,options
log_connections = 0
log_disconnections = 0
log_stats = 0
`;
}

/** 100 connections for ourselves beside the clients: one, and one for each name that is being paused. */
export const consolesMax = 100;

/** PgBouncer proves a password by SCRAM on both sides only when it has the password itself. */
export function usersText(
  users: PoolerSettings["users"],
  console: { readonly password: Secret },
): string {
  const all = [
    { name: consoleUser, password: console.password },
    ...users.filter(({ name }) => name !== consoleUser),
  ];
  return all
    .map(({ name, password }) => `${inUsers(name)} ${inUsers(password.reveal())}\n`)
    .join("");
}

/** A name on the console: also where it is a keyword, or has a hyphen in it. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function databaseLine({ name, host, port, dbname }: Line): string {
  return `${databaseName(name)} = host=${inConnection(host)} port=${port} dbname=${inConnection(dbname)}`;
}

/** PgBouncer reads no other names there, quoted or not; and people look for them at the beginning of the line. */
function databaseName(name: string): string {
  assert(
    /^[A-Za-z0-9_.-]+$/.test(name),
    "a name of PgBouncer's is made of letters, digits and _.-",
  );
  return name;
}

function inConnection(value: string): string {
  assertOneLine(value);
  return /^[^\s']+$/.test(value) ? value : `'${value.replaceAll("'", "''")}'`;
}

function inUsers(value: string): string {
  assertOneLine(value);
  return quoteName(value);
}

function assertOneLine(value: string): void {
  assert(!/[\n\r\0]/.test(value), "a name or a password of PgBouncer's is one line");
}
