/** One process of the link benchmark: tells its port to its parent, and ends with it. */
import { createServer, connect, type Server, type Socket } from "node:net";
import { nodeClock } from "../src/env/node/clock.ts";
import { nodeRandom } from "../src/env/node/random.ts";
import { TcpLinks } from "../src/link/tcp-links.ts";
import type { FlowClass, LinkConditions, LinkRoute } from "../src/model/link.ts";
import type { RegionId } from "../src/model/region.ts";
import { silence } from "./silence.ts";

/** Of the links' listeners, on an address that is drawn. */
const firstPort = 7001;

const [part = "", ...args] = process.argv.slice(2);
process.on("disconnect", () => process.exit(0));
await start();

async function start(): Promise<void> {
  switch (part) {
    case "sink":
      return serve((socket) => void socket.resume());
    case "echo":
      return serve((socket) => void socket.setNoDelay().pipe(socket));
    case "pipe":
      return serve((socket) => {
        const onward = connect(Number(args[0]), "127.0.0.1");
        socket.pipe(onward).pipe(socket);
        onward.on("error", () => socket.destroy());
      });
    case "links":
      return serveLinks(args[0] ?? "", args.slice(1).map(Number));
    default:
      throw new Error(`there is no part ${part}`);
  }
}

function serve(onSocket: (socket: Socket) => void): void {
  const server: Server = createServer((socket) => {
    socket.on("error", () => undefined);
    onSocket(socket);
  });
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    if (typeof address === "object") process.send?.(address?.port);
  });
}

async function serveLinks(host: string, targets: readonly number[]): Promise<void> {
  const links = new TcpLinks({ clock: nodeClock, random: nodeRandom, log: silence });
  const [here, there] = ["here", "there"] as [RegionId, RegionId];
  const classes: readonly FlowClass[] = ["data", "control"];
  const routes = targets.map(
    (port, at): LinkRoute => ({
      from: here,
      to: there,
      flowClass: classes[at] ?? "data",
      listen: { host, port: firstPort + at },
      target: { host: "127.0.0.1", port },
      sourceHost: undefined,
    }),
  );
  process.on("message", (conditions: LinkConditions) => {
    const directions = [
      { from: here, to: there, conditions },
      { from: there, to: here, conditions },
    ];
    void links.apply(routes, directions).then(() => process.send?.("done"));
  });
  await links.apply(routes, []);
  process.send?.(firstPort);
}
