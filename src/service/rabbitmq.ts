/**
 * RabbitMQ as a service: one node, with nothing of it outside its Region. Pure.
 *
 * Erlang's nodes find each other through epmd, a daemon that all nodes of a machine share and that outlives them. This
 * node stands alone, and is told the port of its distribution itself, so that none is started. That works only when the
 * node has its name before RabbitMQ looks (`-name`): else RabbitMQ asks epmd whether the name is free.
 */
import { join } from "node:path";
import type { Address } from "../model/address.ts";
import type { LaunchFile } from "./launch.ts";
import type { Variable } from "./program-catalog.ts";

/** 256 MiB, as Redis has; publishers wait when it is used up. */
const memoryMaxMb = 256;
/** Erlang's distribution is at RabbitMQ's own port and this, where RabbitMQ has it by itself. */
const distributionOffset = 20_000;
const portMax = 65_535;

export function rabbitmqProgram(
  directory: string,
  address: Address,
  path: string,
): {
  readonly command: readonly string[];
  readonly environment: readonly Variable[];
  readonly directories: readonly string[];
} {
  const node = `leeward@${address.host}`;
  const port = distributionPort(address.port);
  const erlang = [
    `-name ${node}`,
    `-kernel inet_dist_use_interface {${address.host.split(".").join(",")}}`,
    `-start_epmd false -erl_epmd_port ${port}`,
  ].join(" ");
  const environment = {
    HOME: directory,
    RABBITMQ_NODENAME: node,
    RABBITMQ_USE_LONGNAME: "true",
    RABBITMQ_NODE_IP_ADDRESS: address.host,
    RABBITMQ_NODE_PORT: `${address.port}`,
    RABBITMQ_DIST_PORT: `${port}`,
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: erlang,
    RABBITMQ_CONFIG_FILE: join(directory, "rabbitmq.conf"),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(directory, "advanced.config"),
    // None: the one of the machine's own RabbitMQ would count otherwise.
    RABBITMQ_CONF_ENV_FILE: join(directory, "rabbitmq-env.conf"),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(directory, "enabled_plugins"),
    RABBITMQ_GENERATED_CONFIG_DIR: join(directory, "config"),
    RABBITMQ_FEATURE_FLAGS_FILE: join(directory, "feature_flags"),
    RABBITMQ_MNESIA_BASE: join(directory, "data"),
    RABBITMQ_LOG_BASE: join(directory, "log"),
    RABBITMQ_PID_FILE: join(directory, "rabbitmq.pid"),
    // To its output, where the other services write, too.
    RABBITMQ_LOGS: "-",
    // The script gives its place to Erlang and does not wait for it: one process less, and signals reach the server.
    RUNNING_UNDER_SYSTEMD: "true",
    // No dump of a crash: it has the size of its memory, and could hold secrets.
    ERL_CRASH_DUMP_SECONDS: "0",
  };
  return {
    command: [path],
    environment: Object.entries(environment).map(([name, value]) => ({ name, value })),
    directories: ["data", "log", "config"].map((name) => join(directory, name)),
  };
}

/** @param cookie of Erlang: who has it may do everything. Drawn once, and kept. */
export function rabbitmqFiles(
  directory: string,
  address: Address,
  cookie: string,
): readonly LaunchFile[] {
  const settings = `listeners.tcp.default = ${address.host}:${address.port}
vm_memory_high_watermark.absolute = ${memoryMaxMb}MB
log.console = true
log.console.level = warning
# A health check connects and says nothing, twice a second.
log.connection.level = error
`;
  const file = (name: string, text: string, isKept: boolean): LaunchFile => ({
    path: join(directory, name),
    text,
    mode: 0o600,
    isKept,
  });
  return [
    file("rabbitmq.conf", settings, false),
    file("enabled_plugins", "[].\n", true),
    file(".erlang.cookie", cookie, true),
  ];
}

function distributionPort(port: number): number {
  return port + distributionOffset <= portMax
    ? port + distributionOffset
    : port - distributionOffset;
}
