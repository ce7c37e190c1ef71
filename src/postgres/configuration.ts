/**
 * What Leeward writes into a data directory. Its settings are in `leeward.conf`, included by `postgresql.conf`;
 * a user's own ALTER SYSTEM goes to `postgresql.auto.conf`, which PostgreSQL reads last, and stays theirs.
 */
import type { Upstream } from "./postgres.ts";

export const superuser = "leeward";
export const replicator = "replicator";

export type Settings = {
  readonly listenHost: string;
  readonly listenPort: number;
  /** How much WAL a slot may keep for a secondary that is away before PostgreSQL drops it, in MiB. */
  readonly slotWalKeepMegabytes: number;
  /** The user's own; what loses data or belongs to Leeward was refused with the config. */
  readonly own: readonly { readonly name: string; readonly value: string }[];
  readonly upstream: Upstream | undefined;
  /** Whether a standby goes on to timelines that it hears of, or stays on its own. */
  readonly timeline: "latest" | "current";
  /** Where the replicator's password is; libpq reads it, so that it stands in no setting and in no view. */
  readonly passFile: string;
};

/**
 * 10 s without a word from the other side, in both directions: long enough for a round trip of 600 ms over a
 * link that is busy, short enough that a black hole is noticed before a person does.
 */
export const REPLICATION_TIMEOUT_MS = 10_000;

/** A TCP peer that acknowledges nothing for this long is gone; a clone waits no longer for a black hole. */
const TCP_USER_TIMEOUT_MS = 30_000;

export function renderLeewardConf(settings: Settings): string {
  const { upstream } = settings;
  const lines: readonly (readonly [string, string | number | boolean])[] = [
    ["shared_buffers", "32MB"],
    ["wal_level", "logical"],
    ["track_commit_timestamp", true],
    ["max_wal_senders", 16],
    // A physical slot for each secondary, and an evidence slot for each SQL database.
    ["max_replication_slots", 64],
    // A new primary has no slot yet for its other secondaries. What they lack of the old timeline is there all the
    // same, unless they are this much behind.
    ["wal_keep_size", "256MB"],
    ["max_slot_wal_keep_size", `${settings.slotWalKeepMegabytes}MB`],
    ["wal_sender_timeout", `${REPLICATION_TIMEOUT_MS}ms`],
    ["wal_receiver_timeout", `${REPLICATION_TIMEOUT_MS}ms`],
    // Each answer of a secondary is a sample of its lag; one a second costs one wake-up.
    ["wal_receiver_status_interval", "1s"],
    // How soon a secondary asks again after a cut; PostgreSQL's own default is 5 s.
    ["wal_retrieve_retry_interval", "1s"],
    ["hot_standby", true],
    ["hot_standby_feedback", true],
    // Otherwise a secondary that missed history stops at the timeline it was cloned on.
    ["recovery_target_timeline", settings.timeline],
    ["password_encryption", "scram-sha-256"],
    ["tcp_keepalives_idle", 10],
    ["tcp_keepalives_interval", 5],
    ["tcp_keepalives_count", 3],
    ["tcp_user_timeout", `${TCP_USER_TIMEOUT_MS}ms`],
    ["log_line_prefix", "%m [%p] %q%u@%d %h "],
    ["log_timezone", "UTC"],
    ["lc_messages", "C"],
    ["log_checkpoints", false],
    // The last line of a name counts.
    ...settings.own.map(({ name, value }) => [name, value] as const),
    ...Object.entries(upstreamSettings(upstream, settings.passFile)),
    ...Object.entries(closedWrites),
    ...Object.entries(synchronousSettings([])),
  ];
  const body = lines.map(([name, value]) => renderLine(name, value)).join("\n");
  return `# Written by Leeward at each start. Your own settings: ALTER SYSTEM, or postgresql.conf.\n${body}\n`;
}

/** Some settings of `leeward.conf` that a running server takes over by a reload. */
export type LiveSettings = Readonly<Record<string, string | boolean>>;

/** Each start begins so, also a standby's, which may be promoted. */
export const closedWrites: LiveSettings = { default_transaction_read_only: true };
export const openedWrites: LiveSettings = { default_transaction_read_only: false };

export function upstreamSettings(upstream: Upstream | undefined, passFile: string): LiveSettings {
  return {
    primary_conninfo: upstream ? renderConnectionInfo(upstream, passFile) : "",
    primary_slot_name: upstream ? upstream.slot : "",
  };
}

/** A name is quoted, because `orders/us-west-2/1` is no word to PostgreSQL. */
export function synchronousSettings(standbys: readonly string[]): LiveSettings {
  const names = standbys.map((name) => `"${name.replaceAll('"', '""')}"`).join(",");
  return { synchronous_standby_names: standbys.length === 0 ? "" : `ANY 1 (${names})` };
}

/** The text of `leeward.conf` with other values for these settings: the last line of each, because it counts. */
export function withLiveSettings(leewardConf: string, settings: LiveSettings): string {
  const lines = leewardConf.trimEnd().split("\n");
  for (const [name, value] of Object.entries(settings)) {
    const at = lines.findLastIndex((line) => line.startsWith(`${name} = `));
    lines.splice(at < 0 ? lines.length : at, 1, renderLine(name, value));
  }
  return `${lines.join("\n")}\n`;
}

function renderLine(name: string, value: string | number | boolean): string {
  return `${name} = ${renderValue(value)}`;
}

function renderValue(value: string | number | boolean): string {
  if (typeof value === "boolean") return value ? "on" : "off";
  return typeof value === "number" ? String(value) : `'${value.replaceAll("'", "''")}'`;
}

/** libpq's own keywords. The password is in the pass file. */
export function renderConnectionInfo(upstream: Upstream, passFile: string): string {
  const pairs = {
    host: upstream.address.host,
    port: upstream.address.port,
    user: replicator,
    dbname: "replication",
    passfile: passFile,
    application_name: upstream.applicationName,
    connect_timeout: REPLICATION_TIMEOUT_MS / 1000,
    keepalives_idle: 10,
    keepalives_interval: 5,
    keepalives_count: 3,
    tcp_user_timeout: TCP_USER_TIMEOUT_MS,
    sslmode: "prefer",
    gssencmode: "disable",
  };
  const quote = (value: string | number): string =>
    `'${String(value).replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  return Object.entries(pairs)
    .map(([name, value]) => `${name}=${quote(value)}`)
    .join(" ");
}

/**
 * What a promise of Leeward rests on, or how it finds the server, goes on the command line: there it wins over
 * every file, and ALTER SYSTEM says so instead of breaking the Region at the next start.
 */
export function serverArguments(dataDirectory: string, settings: Settings): readonly string[] {
  const fixed = {
    listen_addresses: settings.listenHost,
    port: settings.listenPort,
    unix_socket_directories: "",
    fsync: "on",
    full_page_writes: "on",
    logging_collector: "off",
    log_destination: "stderr",
  };
  const words = Object.entries(fixed).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  return ["-D", dataDirectory, ...words];
}

/** SCRAM for everybody, over TCP, from the ranges given; the superuser also from this machine's own addresses. */
export function renderHba(allowFrom: readonly string[], ownHost: string): string {
  const local = [...new Set(["127.0.0.1/32", `${ownHost}/32`])];
  const lines = [
    ...local.map((range) => ["host", "all", superuser, range]),
    ...allowFrom.map((range) => ["host", "all", "all", range]),
    ...allowFrom.map((range) => ["host", "replication", replicator, range]),
  ];
  const body = lines.map((words) => `${words.join(" ")} scram-sha-256\n`).join("");
  return `# Written by Leeward at each start.\n${body}`;
}

const includeLine = "include = 'leeward.conf'";

/** Answers the same text when the line is there. */
export function includeLeewardConf(postgresqlConf: string): string {
  const isThere = postgresqlConf.split("\n").some((line) => line.trim() === includeLine);
  return isThere ? postgresqlConf : `${postgresqlConf.trimEnd()}\n\n${includeLine}\n`;
}

/** One line of a libpq password file, for any host: only this instance's standby reads it. */
export function renderPassFile(password: string): string {
  const quoted = password.replaceAll("\\", "\\\\").replaceAll(":", "\\:");
  return `*:*:*:${replicator}:${quoted}\n`;
}
