import { join } from "node:path";
import { drawAddress, superuserPassword } from "../test/postgres/scratch.ts";
import { runAsPrefix } from "../src/postgres/run-as.ts";
import { giveTo } from "./gateway-pgbouncer.ts";
import { password, user, type BenchPostgres } from "./gateway-postgres.ts";
import { launch, type Proxy } from "./gateway-proxy.ts";

/** A process for each client, and some for the bench's own looks. */
const children = 40;

/** With both servers and all reads on the standby, as the gateway has it; without the query cache. */
export async function startPgpool(path: string, postgres: BenchPostgres): Promise<Proxy> {
  const { scratch, primary, standby } = postgres;
  const directory = join(scratch.directory, "pgpool");
  const address = { host: drawAddress().host, port: 9999 };
  const settings = {
    backend_clustering_mode: "streaming_replication",
    listen_addresses: address.host,
    port: address.port,
    pcp_listen_addresses: address.host,
    pcp_port: 9898,
    pcp_socket_dir: directory,
    socket_dir: directory,
    unix_socket_directories: directory,
    pid_file_name: join(directory, "pgpool.pid"),
    logdir: directory,
    work_dir: directory,
    backend_hostname0: primary.host,
    backend_port0: primary.port,
    backend_weight0: 0,
    backend_hostname1: standby.host,
    backend_port1: standby.port,
    backend_weight1: 1,
    num_init_children: children,
    max_pool: 1,
    load_balance_mode: "on",
    enable_pool_hba: "on",
    pool_passwd: "pool_passwd",
    sr_check_period: 10,
    sr_check_user: "leeward",
    sr_check_password: superuserPassword.reveal(),
    sr_check_database: "postgres",
    health_check_period: 0,
    log_min_messages: "warning",
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'\n`);
  const file = (name: string): string => join(directory, name);
  giveTo(scratch.runAs, directory, {
    "pgpool.conf": lines.join(""),
    "pool_hba.conf": "host all all 127.0.0.0/8 scram-sha-256\n",
    pool_passwd: `${user}:TEXT${password.reveal()}\nleeward:TEXT${superuserPassword.reveal()}\n`,
    "pcp.conf": "",
  });
  const files = ["-f", file("pgpool.conf"), "-a", file("pool_hba.conf"), "-F", file("pcp.conf")];
  const command = [...runAsPrefix(scratch.runAs), path, "-n", ...files];
  return launch({
    name: "pgpool-II",
    address,
    command,
    directory,
    endSignal: "SIGINT",
    after: async () => undefined,
  });
}
