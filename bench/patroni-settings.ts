/** What a Patroni node is told: its defaults, but for where it listens and how fast its loops are. */
import { join } from "node:path";

export type Pace = {
  readonly name: string;
  readonly ttl: number;
  readonly loop_wait: number;
  readonly retry_timeout: number;
};

/** All in seconds. */
export const defaultPace: Pace = { name: "defaults", ttl: 30, loop_wait: 10, retry_timeout: 10 };
/** As fast as Patroni lets itself be made: a ttl below 20 s is refused. */
export const fastPace: Pace = {
  name: "as fast as it goes",
  ttl: 20,
  loop_wait: 1,
  retry_timeout: 3,
};

export type PatroniPlan = {
  readonly scope: string;
  readonly home: string;
  readonly binDirectory: string;
  readonly pace: Pace;
  readonly etcd: string;
  readonly nodes: readonly { readonly name: string; readonly host: string }[];
};

/** Of a cluster that listens on this machine alone and lives for minutes. */
export const patroniSuperuser = { username: "postgres", password: "bench" };
const replication = { username: "replicator", password: "bench" };

export function nodeSettings(plan: PatroniPlan, name: string): object {
  const host = plan.nodes.find((node) => node.name === name)?.host;
  const { ttl, loop_wait, retry_timeout } = plan.pace;
  const data = join(plan.home, name);
  return {
    scope: plan.scope,
    name,
    restapi: { listen: `${host}:8008`, connect_address: `${host}:8008` },
    etcd3: { hosts: [`${plan.etcd}:2379`] },
    bootstrap: {
      dcs: { ttl, loop_wait, retry_timeout, postgresql: { use_pg_rewind: true, use_slots: true } },
      initdb: [{ encoding: "UTF8" }, { locale: "C" }, "data-checksums"],
      pg_hba: [
        "host replication replicator 127.0.0.0/8 scram-sha-256",
        "host all all 127.0.0.0/8 scram-sha-256",
      ],
    },
    postgresql: {
      listen: `${host}:5432`,
      connect_address: `${host}:5432`,
      data_dir: data,
      bin_dir: plan.binDirectory,
      pgpass: `${data}.pgpass`,
      authentication: { superuser: patroniSuperuser, replication },
      // TCP alone: both nodes live in one directory.
      parameters: { unix_socket_directories: "", password_encryption: "scram-sha-256" },
    },
  };
}
