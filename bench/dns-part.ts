/** One process of the DNS benchmark: tells when it listens, follows its parent's orders, and ends with it. */
import { createSocket } from "node:dgram";
import { DnsServer } from "../src/dns/dns-server.ts";
import { NodeByteSockets } from "../src/env/node/byte-sockets.ts";
import { nodeClock } from "../src/env/node/clock.ts";
import { nodeDatagrams } from "../src/env/node/datagrams.ts";
import { nodeRandom } from "../src/env/node/random.ts";
import type { Address } from "../src/model/address.ts";
import type { TrafficState } from "../src/model/traffic.ts";
import type { DnsOrder } from "./dns-parts.ts";
import { settingsOf, stateOf, type DnsWorld } from "./dns-world.ts";
import { silence } from "./silence.ts";

const [part = "", host = "", port = "", worldText = ""] = process.argv.slice(2);
const address: Address = { host, port: Number(port) };
process.on("disconnect", () => process.exit(0));
process.send?.(await start());

async function start(): Promise<string> {
  if (part === "echo") echo();
  else await serve(JSON.parse(worldText) as DnsWorld);
  return "listening";
}

/** The least that an answer by UDP costs in Node: the packet goes back as it came. */
function echo(): void {
  const socket = createSocket("udp4");
  socket.on("message", (bytes, from) => socket.send(bytes, from.port, from.address));
  socket.bind(address.port, address.host);
  obey(() => undefined);
}

async function serve(world: DnsWorld): Promise<void> {
  const server = new DnsServer(
    {
      clock: nodeClock,
      random: nodeRandom,
      log: silence,
      sockets: new NodeByteSockets({ clock: nodeClock, onAcceptError: () => undefined }),
      datagrams: nodeDatagrams,
    },
    settingsOf(world),
  );
  await server.listen(address, new AbortController().signal);
  server.follow(stateOf(world, 1, 0));
  obey((state) => server.follow(state));
}

function obey(follow: (state: TrafficState) => void): void {
  process.on("message", (order: DnsOrder) => {
    switch (order.kind) {
      case "cpu": {
        const { user, system } = process.cpuUsage();
        process.send?.((user + system) / 1_000);
        break;
      }
      case "follow": {
        const atMs = nodeClock.monotonicMs();
        follow(order.state);
        process.send?.(atMs);
      }
    }
  });
}
