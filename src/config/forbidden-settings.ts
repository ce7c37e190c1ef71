/**
 * The parameters of postgresql.conf that a user may not set: Leeward writes them itself, or they can lose
 * data that was acknowledged. A config that can lose data does not parse.
 */
const owned = {
  address: "Leeward plans every address; see `addresses`",
  files: "Leeward keeps these files in the state directory",
  replication: "replication between Regions stands on Leeward's own value",
  upstream: "Leeward decides who streams from whom",
  guard: "Leeward sets it for the RPO guard; see `rpoGuardMs`",
  slotWal: "set `postgres.maxSlotWalKeepMb` instead",
  login: "Leeward's roles log in with SCRAM",
  log: "Leeward reads the server's log",
} as const;

const loses = {
  durability: "commits that were acknowledged could be lost in a crash",
  damage: "damaged data would be passed over instead of reported",
} as const;

const reasons: Readonly<Record<string, string>> = {
  listen_addresses: owned.address,
  port: owned.address,
  unix_socket_directories: owned.address,
  data_directory: owned.files,
  config_file: owned.files,
  hba_file: owned.files,
  ident_file: owned.files,
  external_pid_file: owned.files,
  include: owned.files,
  include_dir: owned.files,
  include_if_exists: owned.files,
  wal_level: owned.replication,
  hot_standby: owned.replication,
  hot_standby_feedback: owned.replication,
  max_wal_senders: owned.replication,
  max_replication_slots: owned.replication,
  track_commit_timestamp: owned.replication,
  idle_replication_slot_timeout: owned.replication,
  wal_sender_timeout: owned.replication,
  wal_receiver_timeout: owned.replication,
  wal_receiver_status_interval: owned.replication,
  wal_retrieve_retry_interval: owned.replication,
  primary_conninfo: owned.upstream,
  primary_slot_name: owned.upstream,
  restore_command: owned.upstream,
  recovery_min_apply_delay: owned.upstream,
  synchronous_standby_names: owned.guard,
  synchronized_standby_slots: owned.guard,
  max_slot_wal_keep_size: owned.slotWal,
  password_encryption: owned.login,
  log_destination: owned.log,
  logging_collector: owned.log,
  log_line_prefix: owned.log,
  lc_messages: owned.log,
  fsync: loses.durability,
  full_page_writes: loses.durability,
  data_sync_retry: loses.durability,
  zero_damaged_pages: loses.damage,
  ignore_checksum_failure: loses.damage,
  ignore_invalid_pages: loses.damage,
};

/** Why `name` may not have this value, or undefined when it may. `name` is in lower case. */
export function whyForbidden(name: string, value: string): string | undefined {
  if (name === "synchronous_commit") {
    return acknowledgesEarly(value) ? loses.durability : undefined;
  }
  if (name.startsWith("recovery_target")) return owned.upstream;
  return Object.hasOwn(reasons, name) ? reasons[name] : undefined;
}

/** PostgreSQL takes every unambiguous beginning of a boolean, and 0 for off. */
function acknowledgesEarly(value: string): boolean {
  return /^\s*(?:of|off|f|fa|fal|fals|false|n|no|0+)\s*$/i.test(value);
}
