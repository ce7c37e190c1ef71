import { afterEach, beforeEach, expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import type { ByteSockets } from "../env/byte-socket.ts";
import type { DatabaseId, Epoch, RegionId, SystemId } from "../model/region.ts";
import type { Route } from "../wire/gateway-protocol.ts";
import { CurrentRoute } from "./current-route.ts";
import type { OpenResult } from "./server-pool.ts";
import { ServerPools } from "./server-pools.ts";
import type { SessionIdentity } from "./session-home.ts";
import { SessionSettings } from "./session-settings.ts";
import type { Target } from "./target.ts";

const [east, west] = ["us-east-1" as RegionId, "us-west-2" as RegionId];
const peer = { region: west, address: { host: "127.0.1.102", port: 6432 } };
const instance = { number: 1, address: { host: "127.0.1.11", port: 5432 }, isServing: true };
const away: OpenResult = { kind: "unreachable", because: "nobody is there" };

const here: Route = {
  database: "orders" as DatabaseId,
  systemId: "7001" as SystemId,
  epoch: 3 as Epoch,
  writer: east,
  acceptsWrites: true,
  leaseUntilMs: 3_600_000,
  timeline: 1,
  instances: [instance],
  forks: [],
  hold: undefined,
};
const there: Route = { ...here, writer: west };

const session = (user: string): SessionIdentity => ({
  user,
  name: "orders",
  mode: "forward",
  level: "session",
  startup: SessionSettings.of(new Map()),
  token: undefined,
  peer: undefined,
  remote: "127.0.0.1:40000",
  key: { processId: 1, secret: Buffer.alloc(4) },
});

/** No peer answers a probe. */
const sockets: ByteSockets = {
  listen: () => Promise.reject(new Error("nobody listens here")),
  connect: () => Promise.reject(new Error("there is no network")),
};

class Bench {
  readonly clock = new SimClock();
  readonly end = new AbortController();
  readonly route = new CurrentRoute({ region: east, peers: [peer] }, this.clock);
  readonly opened: string[] = [];
  answer: (target: Target) => Promise<OpenResult> = () => Promise.resolve(away);
  readonly pools = new ServerPools(
    this.route,
    {
      clock: this.clock,
      sockets,
      logins: {
        open: (target, user, hops) => {
          this.opened.push(`${user} at ${target.key}, ${hops} hops`);
          return this.answer(target);
        },
      },
      limits: { poolSize: 2, serverConnectionsMax: 3 },
    },
    this.end.signal,
  );

  follow(route: Route): void {
    this.pools.follow(this.route.follow(route));
  }

  /** Waits for the writer; the answer tells what the waiter was told. */
  wait(user = "app", isPatient = true): readonly string[] {
    const told: string[] = [];
    this.pools.pool("writer", session(user)).wait({
      ready: () => told.push("ready"),
      failed: ({ code }) => told.push(code),
      isPatient,
    });
    return told;
  }
}

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.end.abort(new Error("the test is over")));

/** A question that is never answered. */
const silence = (): Promise<OpenResult> => new Promise(() => undefined);

test("who waits for a writer that is a former one now is told so, and who comes then goes to the next", () => {
  bench.answer = silence;
  bench.follow(here);
  const told = bench.wait();
  bench.follow({ ...there, epoch: 4 as Epoch });
  expect(told).toEqual(["LW001"]);
  bench.wait();
  expect(bench.opened).toEqual([
    "app at writer (epoch 3), 0 hops",
    "app at gateway of us-west-2, 1 hops",
  ]);
});

test("a lease that grows longer disturbs nobody who waits", () => {
  bench.answer = silence;
  bench.follow(here);
  const told = bench.wait();
  bench.follow({ ...here, leaseUntilMs: 7_200_000 });
  expect(told).toEqual([]);
});

test("the users of one server share its connections, and a promotion does not give it more", () => {
  bench.answer = silence;
  bench.follow({ ...here, acceptsWrites: false });
  for (const user of ["app", "app", "app", "report", "report"]) bench.wait(user);
  expect(bench.opened).toHaveLength(3);
  bench.follow({ ...here, epoch: 4 as Epoch });
  bench.wait();
  expect(bench.opened).toHaveLength(3);
});

test("a writer's gateway that did not answer is away for a second", async () => {
  bench.follow(there);
  expect(bench.pools.isWriterAway).toBe(false);
  bench.wait("app", false);
  await bench.clock.runUntil(900);
  expect(bench.pools.isWriterAway).toBe(true);
  await bench.clock.runUntil(1_100);
  expect(bench.pools.isWriterAway).toBe(false);
});

test("a writer of another epoch is not away because the one before was", async () => {
  bench.follow(there);
  bench.wait("app", false);
  await bench.clock.runUntil(100);
  bench.follow({ ...there, epoch: 4 as Epoch });
  expect(bench.pools.isWriterAway).toBe(false);
});

test("after the end nobody waits any more, and nobody tries to connect", () => {
  bench.follow(here);
  bench.end.abort(new Error("the gateway ends"));
  expect(bench.wait()).toEqual(["LW001"]);
  expect(bench.opened).toEqual([]);
});

test("at the end, whoever waits is told", () => {
  bench.answer = silence;
  bench.follow(here);
  const told = bench.wait();
  bench.end.abort(new Error("the gateway ends"));
  expect(told).toEqual(["LW001"]);
});
