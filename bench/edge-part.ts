/**
 * One part of `edge.ts` in a process of its own, told what to be by its first argument:
 *
 *   edge HOST BACKEND    a Region's front door at HOST:8080 with one replica at BACKEND:9000
 *   bare HOST BACKEND    Node's own HTTP server and undici with nothing between them: what no edge of ours could beat
 *   backend HOST         a bare HTTP server at HOST:9000, where there is no nginx
 *
 * It prints `ready` when it serves, and ends when its standard input does.
 */
import { createServer } from "node:http";
import { Pool } from "undici";
import { RegionEdge } from "../src/edge/region-edge.ts";
import type { Log } from "../src/env/env.ts";
import { nodeClock } from "../src/env/node/clock.ts";
import { nodeRandom } from "../src/env/node/random.ts";
import type { RegionId } from "../src/model/region.ts";
import type { ServiceId } from "../src/model/service.ts";
import { Secret } from "../src/std/secret.ts";
import type { FrontSettings } from "../src/wire/program-settings.ts";

const [part = "", host = "", backend = ""] = process.argv.slice(2);
const entryPort = 8_080;
const backendPort = 9_000;
const end = new AbortController();
process.stdin.resume().on("end", () => {
  end.abort(new Error("the benchmark has ended"));
  process.exit(0);
});

if (part === "edge") await runEdge();
else if (part === "bare") runBare();
else runBackend();

async function runEdge(): Promise<void> {
  const region = "one" as RegionId;
  const service = "page" as ServiceId;
  const health = {
    path: "/",
    intervalMs: 500,
    timeoutMs: 400,
    healthyThreshold: 1,
    unhealthyThreshold: 2,
  };
  const address = { host: backend, port: backendPort };
  const settings: FrontSettings = {
    logLevel: "info",
    region,
    source: { address, token: new Secret("") },
    outside: undefined,
    zone: "bench.internal",
    dns: { host, port: 5_300 },
    entry: {
      address: { host, port: entryPort },
      service,
      policy: "nearest",
      nearHeader: undefined,
      trustForwarded: false,
      panicPercent: 50,
    },
    distribution: undefined,
    health,
    healthDatabase: undefined,
    regions: [],
    databases: [],
    services: [
      {
        service,
        protocol: "http",
        listen: undefined,
        port: entryPort,
        health,
        replicas: [address],
      },
    ],
  };
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  const log: Log = { ...silent, child: () => log };
  let ready = (): void => undefined;
  const serves = new Promise<void>((resolve) => (ready = resolve));
  const events = {
    changed: () => {
      if (edge.serviceFacts().some(({ isHealthy }) => isHealthy)) ready();
    },
  };
  const edge: RegionEdge = new RegionEdge(
    { clock: nodeClock, random: nodeRandom, log },
    settings,
    events,
  );
  edge.follow({
    version: 1,
    state: undefined,
    replicas: [{ service, number: 1, address }],
    databases: [],
    isLeaving: false,
    hostPid: process.pid,
  });
  edge.run(end.signal).catch(() => undefined);
  await serves;
  process.stdout.write("ready\n");
}

function runBare(): void {
  const pool = new Pool(`http://${backend}:${backendPort}`);
  const server = createServer((request, response) => {
    const { url: path = "/", method = "GET", headers } = request;
    const { host: name, "user-agent": agent } = headers;
    pool.dispatch(
      { path, method, headers: { host: name, "user-agent": agent } },
      {
        onRequestStart: () => undefined,
        onResponseStart: (_, status, fields) => void response.writeHead(status, fields),
        onResponseData: (_, chunk) => void response.write(chunk),
        onResponseEnd: () => void response.end(),
        onResponseError: () => void response.destroy(),
      },
    );
  });
  server.listen(entryPort, host, () => process.stdout.write("ready\n"));
}

function runBackend(): void {
  const body = Buffer.alloc(1_024, "x");
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-type": "text/plain", "content-length": body.length });
    response.end(body);
  });
  server.listen(backendPort, host, () => process.stdout.write("ready\n"));
}
