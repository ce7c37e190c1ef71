import { describe, expect, test } from "vitest";
import type { Handler, Json } from "../src/env/env.ts";
import { registerNetworkContract } from "../src/env/network-contract.ts";
import type { Address } from "../src/model/address.ts";
import { SimClock } from "./clock.ts";
import { SimNetwork, type NetworkConditions, type SimNode } from "./network.ts";
import { SeededRandom } from "./random.ts";

const never = new AbortController().signal;
const calm = { latencyMsMin: 10, latencyMsMax: 10, lossRate: 0, stallRate: 0, stallMsMax: 0 };
const rough = {
  latencyMsMin: 0,
  latencyMsMax: 40,
  lossRate: 0.05,
  stallRate: 0.1,
  stallMsMax: 3_000,
};

class SimNetworkWorld {
  readonly clock = new SimClock();
  readonly bugs: unknown[] = [];
  readonly sim: SimNetwork;
  readonly #nodes = new Map<string, SimNode>();
  #addresses = 0;

  constructor(conditions: NetworkConditions, seed = 1) {
    const onBug = (bug: unknown): unknown => this.bugs.push(bug);
    this.sim = new SimNetwork(
      { clock: this.clock, random: new SeededRandom(seed), onBug },
      conditions,
    );
  }

  network(name: string): SimNode {
    const node = this.#nodes.get(name) ?? this.sim.join(name);
    this.#nodes.set(name, node);
    return node;
  }

  async newAddress(): Promise<Address> {
    return { host: "127.0.1.1", port: (this.#addresses += 1) };
  }

  end(): void {
    for (const node of this.#nodes.values()) node.crash();
  }

  async serve(handler: Handler): Promise<Address> {
    const address = await this.newAddress();
    await this.network("server").serve(address, () => "peer", handler, never);
    return address;
  }

  ask(to: Address, message: Json, timeoutMs = 1_000): Promise<Json> {
    return this.network("client").request(to, message, { token: "t", timeoutMs }, never);
  }

  /** Drives `body` on this world. */
  drive<T>(body: () => Promise<T>): Promise<T> {
    return this.clock.drive(body);
  }
}

describe.for([calm, { ...calm, latencyMsMin: 0 }])("with a latency of %j", (conditions) => {
  registerNetworkContract({
    make: () => new SimNetworkWorld(conditions),
    drive: (world, body) => (world.clock as SimClock).drive(body),
  });
});

const unreachable: unknown = expect.objectContaining({ code: "network.unreachable" });
const echo: Handler = async (_, message) => message;

test("an answer takes the latency of both ways", async () => {
  const world = new SimNetworkWorld(calm);
  await world.drive(async () => expect(await world.ask(await world.serve(echo), 1)).toBe(1));
  expect(world.clock.monotonicMs()).toBe(20);
});

test("a cut of the way there: the deed is not done in time, and done late when it is mended", async () => {
  const world = new SimNetworkWorld(calm);
  await world.drive(async () => {
    const deeds: Json[] = [];
    const to = await world.serve(async (_, message) => deeds.push(message));
    world.sim.cut("client", "server");
    await expect(world.ask(to, "late")).rejects.toEqual(unreachable);
    expect(deeds).toEqual([]);
    world.sim.mend("client", "server");
    await world.clock.sleep(100, never);
    expect(deeds).toEqual(["late"]);
  });
});

test("a cut of the way back: the deed is done, and nobody knows", async () => {
  const world = new SimNetworkWorld(calm);
  await world.drive(async () => {
    const deeds: Json[] = [];
    const to = await world.serve(async (_, message) => deeds.push(message));
    world.sim.cut("server", "client");
    await expect(world.ask(to, "done")).rejects.toEqual(unreachable);
    expect(deeds).toEqual(["done"]);
  });
});

test("a cut touches no third place", async () => {
  const world = new SimNetworkWorld(calm);
  await world.drive(async () => {
    const to = await world.serve(echo);
    world.sim.cut("client", "server");
    const options = { token: "t", timeoutMs: 1_000 };
    expect(await world.network("other").request(to, 1, options, never)).toBe(1);
  });
});

test("a program that crashes ends its handlers and resets its peers; one that joins anew is reached", async () => {
  const world = new SimNetworkWorld(calm);
  await world.drive(async () => {
    let asked: AbortSignal | undefined;
    const to = await world.serve((_, __, signal) => {
      asked = signal;
      return new Promise(() => undefined);
    });
    const answer = world.ask(to, null, 60_000).catch((error: unknown) => error);
    await world.clock.sleep(50, never);
    world.network("server").crash();
    expect(asked?.aborted).toBe(true);
    expect(await answer).toEqual(unreachable);
    expect(world.clock.monotonicMs()).toBeLessThan(1_000);
    await world.sim.join("server").serve(to, () => "peer", echo, never);
    expect(await world.ask(to, 2)).toBe(2);
  });
});

test("a program that crashes gets no answer any more", async () => {
  const world = new SimNetworkWorld(calm);
  await world.drive(async () => {
    const asked = world.ask(await world.serve(echo), 1);
    world.network("client").crash();
    await expect(asked).rejects.toThrow("crashed");
  });
});

test("whoever begins to answer a peer that gives up is told so, however the messages overtake", async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const world = new SimNetworkWorld({ ...rough, lossRate: 0, stallRate: 0.5 }, seed);
    const asked: AbortSignal[] = [];
    await world.drive(async () => {
      const to = await world.serve((_, __, signal) => {
        asked.push(signal);
        return new Promise(() => undefined);
      });
      const asks = Array.from({ length: 20 }, (_, n) => world.ask(to, n, 500));
      await Promise.allSettled(asks);
      await world.clock.sleep(10_000, never);
    });
    const heard = asked.filter(({ aborted }) => aborted).length;
    expect(heard, `seed ${seed}`).toBe(20);
  }
});

async function runRough(seed: number): Promise<string> {
  const world = new SimNetworkWorld(rough, seed);
  return world.drive(async () => {
    const done: Json[] = [];
    const to = await world.serve(async (_, message) => done.push(message));
    const ask = (n: number): Promise<string> =>
      world.ask(to, n).then(
        () => `${n} ${world.clock.monotonicMs()}`,
        () => `${n} lost`,
      );
    const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => ask(n)));
    return `${answers.join()} ${done.join()}`;
  });
}

test("one seed is one run, two seeds are two", async () => {
  expect(await runRough(3)).toBe(await runRough(3));
  expect(await runRough(3)).not.toBe(await runRough(4));
});

test("a rough network loses some requests, loses some answers, and delivers most", async () => {
  const [answers = "", done = ""] = (await runRough(5)).split(/ (?=[\d,]*$)/);
  const lost = answers.split(",").filter((answer) => answer.endsWith("lost")).length;
  const deeds = done.split(",").length;
  expect(lost).toBeGreaterThan(5);
  expect(lost).toBeLessThan(40);
  expect(deeds).toBeGreaterThan(100 - lost);
});
