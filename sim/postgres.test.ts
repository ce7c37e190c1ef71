import { expect, test } from "vitest";
import type { DatabaseId, RegionId } from "../src/model/region.ts";
import { registerPostgresContract, type PostgresWorld } from "../src/postgres/postgres-contract.ts";
import { SimClock } from "./clock.ts";
import { SimHost } from "./host.ts";
import { Life } from "./life.ts";
import { SimPostgres } from "./postgres.ts";
import { SeededRandom } from "./random.ts";
import { WalStream } from "./stream.ts";

const never = new AbortController().signal;
const witness = {
  created: () => undefined,
  removed: () => undefined,
  started: () => undefined,
  promoted: () => undefined,
  evidenceLost: () => undefined,
};

class SimPostgresWorld implements PostgresWorld {
  readonly clock = new SimClock();
  readonly stream = new WalStream(
    this.clock,
    { bytesPerSecond: 1_000, slotKeepBytes: 10_000, flushLagMs: 0, replayLagMs: 0 },
    () => true,
  );
  readonly hosts = { writer: this.#host(1), copy: this.#host(2) };
  readonly spec = { databaseName: "orders", owner: undefined, roles: [] };
  life = new Life();
  readonly writer = this.nextAgent("writer");
  readonly copy = this.nextAgent("copy");

  get writerAddress(): SimHost["address"] {
    return this.hosts.writer.address;
  }

  get copyAddress(): SimHost["address"] {
    return this.hosts.copy.address;
  }

  nextAgent(which: "writer" | "copy"): SimPostgres {
    const { clock, stream, life } = this;
    return new SimPostgres(
      this.hosts[which],
      { clock, stream, life, witness, random: new SeededRandom(1) },
      { failureRate: 0, createMsMax: 1_000, startMsMax: 300, cloneBytesPerSecond: 4e6 },
    );
  }

  async eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
    for (let round = 0; round < 1_000; round++) {
      if (await holds()) return;
      await this.clock.sleep(20, never);
    }
    throw new Error(`not within 20 s: ${what}`);
  }

  async end(): Promise<void> {
    this.life.end();
  }

  #host(number: number): SimHost {
    const id = { database: "orders" as DatabaseId, region: "us-east-1" as RegionId, number };
    const host = new SimHost(id, { host: "127.0.1.11", port: number });
    this.stream.add(host);
    return host;
  }
}

registerPostgresContract({
  make: async () => new SimPostgresWorld(),
  drive: (world, body) => (world as SimPostgresWorld).clock.drive(body),
});

test("a slot whose secondary is away too long is lost, and a clone makes it anew", async () => {
  const world = new SimPostgresWorld();
  await world.clock.drive(async () => {
    const systemId = await world.writer.create(world.spec, never);
    await world.writer.start({ kind: "primary" }, never);
    await world.writer.ensureSlots(["s"], never);
    await world.clock.sleep(11_000, never);
    expect(await world.writer.replicaLags(["s"], never)).toMatchObject([{ slotIsIntact: false }]);
    const upstream = { address: world.writerAddress, slot: "s", applicationName: "s" };
    await world.copy.clone(upstream, systemId, () => undefined, never);
    expect(await world.writer.replicaLags(["s"], never)).toMatchObject([{ slotIsIntact: true }]);
  });
});

test("an agent that is killed during a clone leaves its remains, and its successor removes them", async () => {
  const world = new SimPostgresWorld();
  await world.clock.drive(async () => {
    const systemId = await world.writer.create(world.spec, never);
    await world.writer.start({ kind: "primary" }, never);
    const upstream = { address: world.writerAddress, slot: "s", applicationName: "s" };
    void world.copy.clone(upstream, systemId, () => undefined, never);
    await world.clock.sleep(500, never);
    world.life.end();
    await world.clock.sleep(60_000, never);
    world.life = new Life();
    const next = world.nextAgent("copy");
    expect(await next.inspect(never)).toEqual({ kind: "unfinished" });
    await next.remove({ force: false }, never);
    expect(await next.inspect(never)).toEqual({ kind: "absent" });
  });
});
