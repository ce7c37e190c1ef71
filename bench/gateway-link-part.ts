/** A process of its own: a real link from one Region's gateway to the other's. Tells when it listens. */
import { nodeClock } from "../src/env/node/clock.ts";
import { nodeRandom } from "../src/env/node/random.ts";
import { TcpLinks } from "../src/link/tcp-links.ts";
import type { LinkRoute } from "../src/model/link.ts";
import type { RegionId } from "../src/model/region.ts";
import { silence } from "./silence.ts";

process.once("disconnect", () => process.exit(0));
const [host = "", port = "", targetHost = "", targetPort = "", rttMs = ""] = process.argv.slice(2);
const [here, there] = ["us-west-2", "us-east-1"] as [RegionId, RegionId];
const route: LinkRoute = {
  from: here,
  to: there,
  flowClass: "data",
  listen: { host, port: Number(port) },
  target: { host: targetHost, port: Number(targetPort) },
  sourceHost: undefined,
};
const conditions = {
  delayMs: Number(rttMs) / 2,
  jitterMs: 0,
  bandwidthBitsPerSecond: undefined,
  isUp: true,
};
const links = new TcpLinks({ clock: nodeClock, random: nodeRandom, log: silence });
await links.apply(
  [route],
  [
    { from: here, to: there, conditions },
    { from: there, to: here, conditions },
  ],
);
process.send?.("ready");
