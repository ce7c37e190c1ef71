/** Real backends, real edges and raw sockets for the tests of the edge. Everything ends with the test. */
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { edgeLimits, type EdgeLimits } from "../../src/edge/limits.ts";
import { Distribution } from "../../src/edge/distribution.ts";
import { GlobalEntry } from "../../src/edge/global-entry.ts";
import { RegionEdge } from "../../src/edge/region-edge.ts";
import type { Log } from "../../src/env/env.ts";
import { nodeClock } from "../../src/env/node/clock.ts";
import { nodeRandom } from "../../src/env/node/random.ts";
import type { Address } from "../../src/model/address.ts";
import type { RegionId } from "../../src/model/region.ts";
import type { HealthCheck, ServiceId, ServiceProtocol } from "../../src/model/service.ts";
import type { TrafficState } from "../../src/model/traffic.ts";
import { Secret } from "../../src/std/secret.ts";
import type { FrontSettings } from "../../src/wire/program-settings.ts";
import type { FrontAnswer } from "../../src/wire/traffic-protocol.ts";
import { until } from "../e2e/until.ts";
import { drawAddress } from "../postgres/scratch.ts";

export const web = "web" as ServiceId;
export const east = "east" as RegionId;
export const west = "west" as RegionId;

/** Quick, so that a test need not wait; the bounds of a test name only what they change. */
const check: HealthCheck = {
  path: "/health",
  intervalMs: 50,
  timeoutMs: 200,
  healthyThreshold: 1,
  unhealthyThreshold: 2,
};

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const log: Log = { ...silent, child: () => log };
const doors = { clock: nodeClock, random: nodeRandom, log };

export function drawPlace(port: number): Address {
  return { host: drawAddress().host, port };
}

export class Backend {
  readonly address: Address;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Those that carried more than checks. */
  readonly #used = new Set<Socket>();
  /** Requests other than checks, as they came. */
  readonly seen: { readonly method: string; readonly url: string; readonly headers: string[] }[] =
    [];
  isHealthy = true;

  private constructor(address: Address, serve: RequestListener) {
    this.address = address;
    this.#server = createServer((request, response) => {
      if (request.url === "/health")
        return void response.writeHead(this.isHealthy ? 200 : 500).end();
      const { method = "", url = "", rawHeaders } = request;
      this.seen.push({ method, url, headers: rawHeaders });
      this.#used.add(request.socket);
      serve(request, response);
    });
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        this.#used.delete(socket);
      });
    });
  }

  static async start(serve: RequestListener, address = drawPlace(9_000)): Promise<Backend> {
    const backend = new Backend(address, serve);
    await backend.listen();
    onTestFinished(() => backend.kill());
    return backend;
  }

  get server(): Server {
    return this.#server;
  }

  /** Of clients, without those of checks. */
  get connections(): number {
    return this.#used.size;
  }

  async listen(): Promise<void> {
    const { host, port } = this.address;
    await new Promise<void>((resolve) => this.#server.listen(port, host, resolve));
  }

  /** As SIGKILL does it: the door is closed and every connection is reset. */
  kill(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }
}

/** Answers with its own name. */
export function named(name: string): RequestListener {
  return (_: IncomingMessage, response: ServerResponse) => void response.end(name);
}

export type EdgeOptions = {
  readonly protocol?: ServiceProtocol;
  readonly limits?: Partial<EdgeLimits>;
  readonly check?: Partial<HealthCheck>;
  readonly outside?: string;
  readonly region?: RegionId;
};

const nobody = { address: { host: "127.0.0.1", port: 1 }, token: new Secret("") };

export class RunningRegion {
  readonly entry = drawPlace(8_080);
  readonly service = drawPlace(8_081);
  readonly edge: RegionEdge;
  readonly ended: Promise<unknown>;
  readonly #end = new AbortController();
  #answer: FrontAnswer;

  private constructor(replicas: readonly Address[], options: EdgeOptions) {
    const health = { ...check, ...options.check };
    const settings: FrontSettings = {
      ...common(),
      region: options.region ?? east,
      outside: options.outside,
      health,
      entry: entryAt(this.entry),
      regions: [],
      services: [
        {
          service: web,
          protocol: options.protocol ?? "http",
          listen: this.service,
          port: this.service.port,
          health,
          replicas: [...replicas],
        },
      ],
    };
    this.#answer = {
      version: 1,
      state: undefined,
      replicas: replicas.map((address, at) => ({ service: web, number: at + 1, address })),
      databases: [],
      isLeaving: false,
      hostPid: process.pid,
    };
    const limits = { ...edgeLimits, ...options.limits };
    this.edge = new RegionEdge(doors, settings, { changed: () => undefined }, limits);
    this.edge.follow(this.#answer);
    this.ended = this.edge.run(this.#end.signal).catch((error: unknown) => error);
  }

  /** Settles when all its replicas are ready. */
  static async start(
    replicas: readonly (Backend | Address)[],
    options: EdgeOptions = {},
  ): Promise<RunningRegion> {
    const addresses = replicas.map((one) => (one instanceof Backend ? one.address : one));
    const region = new RunningRegion(addresses, options);
    onTestFinished(() => region.stop());
    await until("the replicas are ready", 5_000, () => region.ready === replicas.length);
    return region;
  }

  get ready(): number {
    return this.edge.serviceFacts()[0]?.ready ?? 0;
  }

  tell(change: Partial<FrontAnswer>): void {
    this.#answer = { ...this.#answer, ...change, version: this.#answer.version + 1 };
    this.edge.follow(this.#answer);
  }

  async stop(): Promise<void> {
    this.#end.abort(new Error("the test has ended"));
    await this.ended;
  }
}

export type OutsideOptions = {
  readonly limits?: Partial<EdgeLimits>;
  readonly policy?: "nearest" | "failover" | "weighted";
  readonly keepMs?: number;
  readonly failover?: boolean;
};

/** The front door outside, before the edges of `east` and `west`. */
export class RunningOutside {
  readonly entry = drawPlace(8_080);
  readonly distribution = drawPlace(8_081);
  readonly global: GlobalEntry;
  readonly cdn: Distribution;
  readonly #end = new AbortController();
  readonly #ended: Promise<unknown>;
  #revision = 0;

  private constructor(edges: readonly [Address, Address], options: OutsideOptions) {
    const [inEast, inWest] = edges;
    const settings: FrontSettings = {
      ...common(),
      region: undefined,
      outside: undefined,
      health: { ...check, path: undefined },
      entry: { ...entryAt(this.entry), policy: options.policy ?? "nearest", nearHeader: "x-near" },
      distribution: {
        address: this.distribution,
        failover: options.failover ?? true,
        keepMs: options.keepMs ?? 0,
      },
      regions: [
        place(east, 1, { edge: inEast, order: [east, west] }),
        place(west, 2, { edge: inWest, order: [west, east] }),
      ],
      services: [],
    };
    const limits = { ...edgeLimits, ...options.limits };
    this.global = new GlobalEntry(doors, settings, { changed: () => undefined }, limits);
    this.cdn = new Distribution(doors, settings, limits);
    this.#ended = Promise.allSettled([
      this.global.run(this.#end.signal),
      this.cdn.run(this.#end.signal),
    ]);
  }

  static async start(
    edges: readonly [Address, Address],
    options: OutsideOptions = {},
  ): Promise<RunningOutside> {
    const outside = new RunningOutside(edges, options);
    onTestFinished(async () => {
      outside.#end.abort(new Error("the test has ended"));
      await outside.#ended;
    });
    for (const { host, port } of [outside.entry, outside.distribution]) {
      await until("the entry listens", 5_000, () => canConnect({ host, port }));
    }
    return outside;
  }

  facts(region: RegionId): ReturnType<GlobalEntry["endpointFacts"]>[number] {
    const found = this.global.endpointFacts().find((facts) => facts.region === region);
    if (found === undefined) throw new Error(`${region} is not known`);
    return found;
  }

  tell(change: Partial<TrafficState>): void {
    this.#revision += 1;
    const state: TrafficState = {
      revision: this.#revision,
      names: [],
      regions: [east, west].map((region) => ({ region, isOn: true, dial: 100, weight: 128 })),
      services: [],
      distribution: undefined,
      ...change,
    };
    this.global.follow(state);
    this.cdn.follow(state);
  }
}

function common(): Omit<
  FrontSettings,
  "region" | "outside" | "entry" | "health" | "regions" | "services"
> {
  return {
    logLevel: "info",
    source: nobody,
    zone: "test.internal",
    dns: { host: "127.0.0.1", port: 1 },
    distribution: undefined,
    healthDatabase: undefined,
    databases: [],
  };
}

function entryAt(address: Address): NonNullable<FrontSettings["entry"]> {
  const policy = "nearest";
  return {
    address,
    service: web,
    policy,
    nearHeader: undefined,
    trustForwarded: false,
    panicPercent: 50,
  };
}

function place(
  region: RegionId,
  index: number,
  { edge, order }: { readonly edge: Address; readonly order: RegionId[] },
): FrontSettings["regions"][number] {
  const gateway = { host: edge.host, port: 6_432 };
  return { region, index, network: `${edge.host}/32`, edge, gateway, order };
}

export function canConnect({ host, port }: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

export type Answer = { readonly status: number; readonly headers: Headers; readonly body: string };

/** One request with Node's own client. */
export async function ask(
  { host, port }: Address,
  path = "/",
  init: RequestInit & { readonly duplex?: "half" } = {},
): Promise<Answer> {
  const response = await fetch(`http://${host}:${port}${path}`, init);
  return { status: response.status, headers: response.headers, body: await response.text() };
}

/** How long a raw conversation may take that ought to end with the connection. */
const rawMsMax = 5_000;

/** Sends bytes as they are, and gathers what comes until the connection is closed. */
export function converse(
  { host, port }: Address,
  text: string,
  options: { readonly halfClose?: boolean } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen: true });
    let heard = "";
    socket.setTimeout(rawMsMax, () => socket.destroy(new Error(`it stays open after: ${heard}`)));
    socket.on("data", (bytes: Buffer) => (heard += bytes.toString("latin1")));
    socket.on("end", () => socket.end());
    socket.on("close", () => resolve(heard));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "ECONNRESET" && error.code !== "EPIPE") reject(error);
    });
    socket.write(Buffer.from(text, "latin1"));
    if (options.halfClose === true) socket.end();
  });
}
