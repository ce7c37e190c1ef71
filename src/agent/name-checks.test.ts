import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import { formatAddress, type Address } from "../model/address.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";
import type { DatabaseNames } from "../model/traffic.ts";
import { decode, encode } from "../wire/codec.ts";
import { becauseCharsMax, nameCheck } from "../wire/traffic-protocol.ts";
import { NameChecks } from "./name-checks.ts";

const east = "us-east-1" as RegionId;
const west = "us-west-2" as RegionId;
const orders = "orders" as DatabaseId;
const gateways = [
  { region: east, address: { host: "127.0.1.1", port: 6432 } },
  { region: west, address: { host: "127.0.1.102", port: 6432 } },
];

/** A Region's names as its DNS server answers them, and its gateways as they are. */
class Bench {
  readonly clock = new SimClock();
  readonly over = new AbortController();
  readonly asked: string[] = [];
  address: string | undefined = "127.0.1.1";
  reader: string | undefined = "127.0.1.1";
  writer: string | undefined = "127.0.1.1:6432";
  changes = 0;
  readonly checks = new NameChecks(
    { zone: "leeward.internal", gateways },
    {
      clock: this.clock,
      resolve: async (name) => {
        if (name.includes(".reader.")) return this.reader;
        this.asked.push(name);
        return this.address;
      },
      acceptsWrites: async (address: Address) => {
        if (this.writer === undefined) throw new Error("no answer ".repeat(becauseCharsMax));
        return formatAddress(address) === this.writer;
      },
      changed: () => (this.changes += 1),
    },
  );
  readonly running = this.checks.run(this.over.signal);

  move(version: number, writer: RegionId | undefined, readers: RegionId[] = []): void {
    const names: DatabaseNames = { database: orders, version, writer, readers };
    this.checks.follow([names]);
  }

  async pass(ms: number): Promise<void> {
    await this.clock.runUntil(this.clock.monotonicMs() + ms);
  }
}

test("a move is verified when the name leads to the new writer's gateway and that accepts writes", async () => {
  const bench = new Bench();
  bench.move(1, east);
  await bench.pass(200);
  expect(bench.checks.checks).toMatchObject([{ version: 1, isVerified: true }]);
  bench.move(2, west);
  await bench.pass(200);
  expect(bench.checks.checks).toMatchObject([
    {
      version: 2,
      isVerified: false,
      because: "orders.writer.leeward.internal is 127.0.1.1 here, and should be 127.0.1.102",
    },
  ]);
  bench.address = "127.0.1.102";
  await bench.pass(200);
  const because = "127.0.1.102:6432 does not accept writes to orders";
  expect(bench.checks.checks).toMatchObject([{ version: 2, isVerified: false, because }]);
  bench.writer = "127.0.1.102:6432";
  await bench.pass(200);
  expect(bench.checks.checks).toMatchObject([{ version: 2, isVerified: true }]);
  expect(bench.changes).toBe(3);
});

test("what is verified is looked at now and then, and what is not ten times a second", async () => {
  const bench = new Bench();
  bench.move(1, east);
  await bench.pass(29_000);
  expect(bench.asked).toHaveLength(1);
  bench.address = undefined;
  await bench.pass(1_500);
  expect(bench.checks.checks).toMatchObject([{ isVerified: false }]);
  expect(bench.checks.checks[0]?.because).toContain("is nothing here");
  const before = bench.asked.length;
  await bench.pass(1_000);
  expect(bench.asked.length - before).toBe(10);
});

test("what a gateway refuses with is said, as far as it can be told", async () => {
  const bench = new Bench();
  bench.writer = undefined;
  bench.move(1, east);
  await bench.pass(200);
  const [check] = bench.checks.checks;
  expect(check).toMatchObject({ isVerified: false });
  expect(check && decode(nameCheck, "a check", encode(nameCheck, check))).toEqual(check);
});

test("a database with a writer in each Region is asked nothing of, and nothing else is claimed", async () => {
  const bench = new Bench();
  bench.move(1, undefined);
  await bench.pass(200);
  expect(bench.asked).toEqual([]);
  expect(bench.checks.checks).toMatchObject([{ isVerified: true }]);
  expect(bench.checks.checks[0]?.because).not.toContain("connected");
});

test("it ends when it is told to", async () => {
  const bench = new Bench();
  bench.move(1, west);
  await bench.pass(1_000);
  bench.over.abort();
  await bench.running;
  const before = bench.asked.length;
  await bench.pass(10_000);
  expect(bench.asked).toHaveLength(before);
});

test("a move is not verified while the reader's name leads to a Region that cannot be read from", async () => {
  const bench = new Bench();
  bench.move(1, east, [west]);
  await bench.pass(200);
  const because =
    "orders.reader.leeward.internal is 127.0.1.1 here, which is no gateway of us-west-2";
  expect(bench.checks.checks).toMatchObject([{ isVerified: false, because }]);
  bench.reader = "127.0.1.102";
  await bench.pass(200);
  expect(bench.checks.checks).toMatchObject([{ version: 1, isVerified: true }]);
  bench.over.abort();
  await bench.running;
});
