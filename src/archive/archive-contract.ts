import { expect, test } from "vitest";
import type { Clock } from "../env/env.ts";
import type { ArchivedEvent, NewEvent } from "../model/event.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";
import type { Archive, EventQuery } from "./archive.ts";

export type ArchiveWorld = {
  readonly clock: Clock;
  /** The archive; after `restart` the next one. */
  archive(): Archive;
  restart(): void;
  end(): void;
};

export type ArchiveHarness = {
  make(): ArchiveWorld;
  /** Runs a body; a simulated clock makes time pass while it waits. */
  drive(world: ArchiveWorld, body: () => Promise<void>): Promise<void>;
};

const never = new AbortController().signal;

export function sampleEvent(message: string, region?: string, database?: string): NewEvent {
  return {
    kind: "region.killed",
    message,
    region: region as RegionId | undefined,
    database: database as DatabaseId | undefined,
    details: { pid: 7, why: "test", clean: false, nothing: null },
  };
}

/** What every `Archive` promises. */
export function registerArchiveContract(harness: ArchiveHarness): void {
  const check = (name: string, body: (world: ArchiveWorld) => Promise<void>): void =>
    test(name, async () => {
      const world = harness.make();
      try {
        await harness.drive(world, () => body(world));
      } finally {
        world.end();
      }
    });
  registerReading(check);
  registerFollowing(check);
  registerRemoving(check);
}

type Check = (name: string, body: (world: ArchiveWorld) => Promise<void>) => void;

const fill = async (archive: Archive, count: number): Promise<void> => {
  for (let n = 1; n <= count; n++) await archive.append(sampleEvent(`${n}`), never);
};
const messages = (events: readonly ArchivedEvent[]): string[] =>
  events.map((event) => event.message);

function registerReading(check: Check): void {
  const readAll: EventQuery = { afterId: 0, limit: 1_000 };

  check("an event is read as it was appended, also after a restart", async (world) => {
    const before = world.clock.wallMs();
    const event = sampleEvent("Région «北» 🦭 '; DROP TABLE event; --", "us-east-1", "orders");
    const appended = await world.archive().append(event, never);
    expect(appended).toMatchObject(event);
    expect(appended.atMs).toBeGreaterThanOrEqual(Math.floor(before));
    world.restart();
    expect(await world.archive().read(readAll, never)).toEqual([appended]);
  });

  check("ids grow, also over a restart and after everything was removed", async (world) => {
    const ids: number[] = [];
    for (let round = 0; round < 3; round++) {
      await fill(world.archive(), 2);
      ids.push(...(await world.archive().read(readAll, never)).map(({ id }) => id));
      await world.archive().removeOlderThan(Infinity, never);
      world.restart();
    }
    expect(ids).toHaveLength(6);
    expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => a - b));
  });

  check("nothing that an event says makes appending fail", async ({ archive }) => {
    const odd = { ...sampleEvent("NUL \0, half \ud800"), details: { "\0": NaN, big: 1n as never } };
    const appended = await archive().append(odd, never);
    const huge = await archive().append(sampleEvent("x".repeat(1_000_000)), never);
    expect(await archive().read(readAll, never)).toEqual([appended, huge]);
  });

  check("pages join without gaps and without repeats", async ({ archive }) => {
    await fill(archive(), 25);
    const read: string[] = [];
    for (let afterId = 0; ; ) {
      const page = await archive().read({ afterId, limit: 10 }, never);
      read.push(...messages(page));
      const last = page.at(-1);
      if (!last) break;
      afterId = last.id;
    }
    expect(read).toEqual(Array.from({ length: 25 }, (_, index) => `${index + 1}`));
  });

  check("events are read by Region and by database", async ({ archive }) => {
    await archive().append(sampleEvent("1", "us-east-1", "orders"), never);
    await archive().append(sampleEvent("2", "us-west-2", "orders"), never);
    await archive().append(sampleEvent("3", "us-east-1", "catalog"), never);
    await archive().append(sampleEvent("4"), never);
    const read = async (filter: Partial<EventQuery>): Promise<string[]> =>
      messages(await archive().read({ ...readAll, ...filter }, never));
    expect(await read({ region: "us-east-1" })).toEqual(["1", "3"]);
    expect(await read({ database: "orders" })).toEqual(["1", "2"]);
    expect(await read({ region: "us-east-1", database: "catalog" })).toEqual(["3"]);
    expect(await read({ region: "eu" })).toEqual([]);
    expect(await read({})).toEqual(["1", "2", "3", "4"]);
  });

  check("the newest of a Region are not crowded out by other events", async ({ archive }) => {
    await archive().append(sampleEvent("1", "us-east-1"), never);
    await fill(archive(), 5);
    expect(messages(await archive().newest({ limit: 3, region: "us-east-1" }, never))).toEqual([
      "1",
    ]);
  });

  check("the newest come in order of id", async ({ archive }) => {
    await fill(archive(), 5);
    expect(messages(await archive().newest({ limit: 3 }, never))).toEqual(["3", "4", "5"]);
    expect(messages(await archive().newest({ limit: 0 }, never))).toEqual([]);
    expect(await archive().newest({ limit: 99 }, never)).toHaveLength(5);
  });

  check("an aborted signal stops every call before it does anything", async ({ archive }) => {
    const gone = AbortSignal.abort(new Error("gone"));
    await expect(archive().append(sampleEvent("1"), gone)).rejects.toThrow("gone");
    await expect(archive().removeOlderThan(0, gone)).rejects.toThrow("gone");
    expect(await archive().newest({ limit: 1 }, never)).toEqual([]);
  });
}

function registerFollowing(check: Check): void {
  check("a follower gets every event appended after its call, and none before", async (world) => {
    await fill(world.archive(), 3);
    const followed = world.archive().follow(never);
    for (const message of ["4", "5"]) await world.archive().append(sampleEvent(message), never);
    const taken = take(followed, 3);
    await world.archive().append(sampleEvent("6"), never);
    expect(messages(await taken)).toEqual(["4", "5", "6"]);
  });

  check("a slow follower misses nothing and holds up nobody", async ({ archive, clock }) => {
    const slow = (async () => {
      const seen: string[] = [];
      for await (const event of archive().follow(never)) {
        seen.push(event.message);
        if (seen.length === 300) break;
        if (seen.length % 100 === 0) await clock.sleep(3, never);
      }
      return seen;
    })();
    const quick = take(archive().follow(never), 300);
    await fill(archive(), 300);
    const all = Array.from({ length: 300 }, (_, index) => `${index + 1}`);
    expect(messages(await quick)).toEqual(all);
    expect(await slow).toEqual(all);
  });

  check("a follower ends when its signal aborts, and when the archive closes", async (world) => {
    const abort = new AbortController();
    const one = take(world.archive().follow(abort.signal), 1);
    abort.abort();
    expect(await one).toEqual([]);
    const other = take(world.archive().follow(never), 1);
    world.archive().close();
    expect(await other).toEqual([]);
  });
}

function registerRemoving(check: Check): void {
  check("age removes what is older and nothing else", async ({ archive, clock }) => {
    await fill(archive(), 3);
    await clock.sleep(5, never);
    const { atMs } = await archive().append(sampleEvent("young"), never);
    expect(await archive().removeOlderThan(atMs, never)).toBe(3);
    expect(await archive().removeOlderThan(atMs, never)).toBe(0);
    expect(messages(await archive().newest({ limit: 10 }, never))).toEqual(["young"]);
  });

  check("a follower goes on after the events it had not read were removed", async ({ archive }) => {
    const followed = archive().follow(never);
    await fill(archive(), 50);
    expect(await archive().removeOlderThan(Infinity, never)).toBe(50);
    const taken = take(followed, 1);
    await archive().append(sampleEvent("next"), never);
    expect(messages(await taken)).toEqual(["next"]);
  });
}

async function take(events: AsyncIterable<ArchivedEvent>, count: number): Promise<ArchivedEvent[]> {
  const taken: ArchivedEvent[] = [];
  for await (const event of events) {
    taken.push(event);
    if (taken.length === count) break;
  }
  return taken;
}
