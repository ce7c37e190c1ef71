import { beforeEach, describe, expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import type { Hold } from "../wire/gateway-protocol.ts";
import { WriterDoor, type HoldOutcome, type Lodger } from "./writer-door.ts";

const limits = { waitingMax: 10_000, waitingBytesMax: 1_000_000, drainMs: 2_000 };

class Guest implements Lodger {
  isPinned = false;
  isIdle = true;
  evictedBecause: string | undefined;
  readonly description: string;
  readonly #door: WriterDoor;

  constructor(door: WriterDoor, description: string) {
    this.#door = door;
    this.description = description;
  }

  evict(because: string): void {
    this.evictedBecause = because;
    this.#door.left(this);
  }
}

class Bench {
  readonly clock = new SimClock();
  readonly told: HoldOutcome[] = [];
  readonly heldMs: number[] = [];
  emptied = 0;
  readonly door = new WriterDoor(
    this.clock,
    {
      tell: (outcome) => this.told.push(outcome),
      emptied: () => (this.emptied += 1),
      released: (heldMs) => this.heldMs.push(heldMs),
    },
    limits,
  );
  readonly #entered: string[] = [];

  hold(fields: Partial<Hold> = {}): Hold {
    const nowMs = this.clock.monotonicMs();
    const own = { id: "orders-1-1", untilMs: nowMs + 10_000, drainUntilMs: nowMs + 5_000 };
    return { ...own, pins: "refuse", ...fields };
  }

  guest(description = "app"): Guest {
    const guest = new Guest(this.door, description);
    this.door.entered(guest);
    return guest;
  }

  transaction(description = "app is in a transaction"): Guest {
    const guest = this.guest(description);
    this.door.stays(guest, true);
    return guest;
  }

  wait(name: string, bytes = 100): (() => void) | undefined {
    return this.door.wait(bytes, () => this.#entered.push(name));
  }

  get entered(): readonly string[] {
    return this.#entered;
  }

  async pass(ms: number): Promise<void> {
    await this.clock.runUntil(this.clock.monotonicMs() + ms);
    this.door.look();
  }
}

let bench = new Bench();
beforeEach(() => {
  bench = new Bench();
});

describe("a hold", () => {
  test("is answered at once when nothing is under way, and idle servers are closed", () => {
    bench.door.follow(bench.hold());
    expect(bench.told).toMatchObject([{ id: "orders-1-1", isHeld: true }]);
    expect(bench.emptied).toBe(1);
    expect([bench.door.mayPass("single"), bench.door.mayPass("transaction")]).toEqual([
      false,
      false,
    ]);
  });

  test("lets single statements pass until the last transaction has ended, and waits for those", () => {
    const transaction = bench.transaction();
    const single = bench.guest();
    bench.door.follow(bench.hold());
    expect([bench.door.mayPass("single"), bench.door.mayPass("transaction")]).toEqual([
      true,
      false,
    ]);
    bench.door.left(transaction);
    expect(bench.door.mayPass("single")).toBe(false);
    expect(bench.told).toEqual([]);
    bench.door.left(single);
    expect(bench.told).toMatchObject([{ isHeld: true }]);
  });

  test("case 46: is given up for a transaction that does not end, by name, and everything passes again", async () => {
    bench.transaction("app of orders is in a transaction");
    bench.door.follow(bench.hold());
    bench.wait("next");
    await bench.pass(limits.drainMs - 1);
    expect(bench.told).toEqual([]);
    await bench.pass(1);
    expect(bench.told).toMatchObject([{ isHeld: false }]);
    expect(bench.told[0]?.because).toContain("app of orders is in a transaction");
    expect(bench.entered).toEqual(["next"]);
    expect(bench.door.phase).toBe("open");
  });

  test("case 47: is given up for a statement that runs for too long", async () => {
    bench.guest("app of orders runs a statement");
    bench.door.follow(bench.hold());
    await bench.pass(limits.drainMs);
    expect(bench.told[0]?.because).toContain("app of orders runs a statement");
  });

  test("case 48: is refused for a pinned session, or ends it where that was asked for", () => {
    const pinned = bench.transaction("app has temporary table");
    pinned.isPinned = true;
    bench.door.follow(bench.hold());
    expect(bench.told[0]).toMatchObject({ isHeld: false });
    expect(bench.told[0]?.because).toContain("app has temporary table");
    expect(pinned.evictedBecause).toBeUndefined();
    bench.door.follow(bench.hold({ id: "orders-1-2", pins: "end" }));
    expect(pinned.evictedBecause).toBeDefined();
    expect(bench.told[1]).toMatchObject({ id: "orders-1-2", isHeld: true });
  });

  test("case 52: that lasts longer than it was given ends by itself, and lets all pass in their order", async () => {
    bench.door.follow(bench.hold());
    bench.wait("first");
    bench.wait("second");
    await bench.pass(9_999);
    expect(bench.entered).toEqual([]);
    await bench.pass(1);
    expect(bench.entered).toEqual(["first", "second"]);
    expect(bench.heldMs).toEqual([10_000]);
    // The agent still names it, until it has noticed itself.
    bench.door.follow(bench.hold());
    expect(bench.door.phase).toBe("open");
  });

  test("case 56: asked for twice is one, and a release without one changes nothing", () => {
    bench.door.follow(undefined);
    const hold = bench.hold();
    bench.door.follow(hold);
    bench.door.follow(hold);
    expect(bench.told).toHaveLength(1);
    bench.door.follow(undefined);
    bench.door.follow(undefined);
    expect(bench.heldMs).toHaveLength(1);
  });
});

describe("whoever waits", () => {
  test("case 54: and gives up, never enters, and makes room", () => {
    bench.door.follow(bench.hold());
    const giveUp = bench.wait("gone");
    bench.wait("stays");
    giveUp?.();
    expect([bench.door.waiting, bench.door.waitingBytes]).toEqual([1, 100]);
    bench.door.follow(undefined);
    expect(bench.entered).toEqual(["stays"]);
    expect(bench.door.waitingBytes).toBe(0);
  });

  test("case 55: is one of 10,000 at most, of so many bytes at most, and they all pass at the release", () => {
    bench.door.follow(bench.hold());
    expect(bench.wait("too large", limits.waitingBytesMax + 1)).toBeUndefined();
    for (let count = 0; count < limits.waitingMax; count += 1) bench.wait(`${count}`);
    expect(bench.wait("one more")).toBeUndefined();
    bench.door.follow(undefined);
    expect(bench.entered).toHaveLength(limits.waitingMax);
    expect(bench.entered[9_999]).toBe("9999");
  });
});
