/** A load balancer that knows nothing of Leeward follows the writer, by the answers that it expects of Patroni. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { haproxyIsInstalled, startHaproxy, type Backend } from "./haproxy.ts";
import { sharedWorld } from "./shared-world.ts";
import { until } from "./until.ts";
import { instanceIn, type World } from "./world.ts";
import { east, west } from "./yaml.ts";

const the = sharedWorld();

/** Of the outside; the world itself listens on others. */
const primaryPort = 5000;
const replicaPort = 5001;
/** Where Patroni answers load balancers. */
const restPort = 8008;
/** 20 s: HAProxy has looked after 1 s, and a lost Region's lease is over after 4. */
const moveBoundMs = 20_000;

async function backendsOf(world: World): Promise<readonly Backend[]> {
  const status = await world.status();
  return [east, west].map((region) => {
    const { address: host, port } = instanceIn(status, "orders", region);
    const agent = status.regions[region]?.agent.address ?? "";
    return { name: region, postgres: { host, port }, rest: { host: agent, port: restPort } };
  });
}

/** Whom a new connection reaches, and whether it may write there. */
async function reach(
  world: World,
  port: number,
): Promise<{ readonly host: string; readonly isWritable: boolean }> {
  const client = world.clientOf("orders", { host: `127.${world.number}.0.1`, port });
  // HAProxy ends the connections to a server that is down.
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ host: string; isWritable: boolean }>(
      `SELECT host(inet_server_addr()) AS host,
         current_setting('transaction_read_only') = 'off' AS "isWritable"`,
    );
    const [row] = rows;
    if (!row) throw new Error("The server said nothing of itself");
    return row;
  } finally {
    await client.end().catch(() => undefined);
  }
}

test("HAProxy with Patroni's configuration follows a switchover and a failover", async (context) => {
  if (!haproxyIsInstalled()) context.skip("the program `haproxy` is not installed");
  const world = the();
  const directory = join(world.directory, "haproxy");
  mkdirSync(directory);
  const backends = await backendsOf(world);
  const hostOf = (region: string): string =>
    backends.find(({ name }) => name === region)?.postgres.host ?? "";
  const host = `127.${world.number}.0.1`;
  await using haproxy = startHaproxy({
    directory,
    primary: { host, port: primaryPort },
    replica: { host, port: replicaPort },
    backends,
  });
  expect(haproxy.pid).toBeGreaterThan(0);
  const leadsTo = async (region: string): Promise<void> => {
    await until(`HAProxy leads to ${region}`, moveBoundMs, async () => {
      const reached = await reach(world, primaryPort);
      return reached.isWritable && reached.host === hostOf(region);
    });
  };
  await leadsTo(east);
  // It takes every server for well until it has looked.
  await until("HAProxy leads readers to the secondary", moveBoundMs, async () => {
    const reached = await reach(world, replicaPort);
    return !reached.isWritable && reached.host === hostOf(west);
  });

  await world.ok(["switchover", "orders", "--to", west]);
  await leadsTo(west);

  await world.untilReady();
  await world.ok(["region", "kill", west]);
  await world.ok(["failover", "orders", "--to", east, "--allow-data-loss", "--yes"]);
  await leadsTo(east);
});
