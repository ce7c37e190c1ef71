import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { east, europe, namedOrders, orders, west } from "../../test/routing-fixtures.ts";
import type { DatabaseId } from "../model/region.ts";
import type { DatabaseNames } from "../model/traffic.ts";
import { decideNames, type NamedDatabase } from "./names.ts";

const present: DatabaseNames = {
  database: orders,
  version: 4,
  writer: east,
  readers: [east, west],
};

const serving = (
  fromEast: boolean | undefined,
  fromWest: boolean | undefined,
): NamedDatabase["members"] => [
  { region: east, servesReads: fromEast },
  { region: west, servesReads: fromWest },
];

function next(fields: Partial<NamedDatabase>): DatabaseNames | undefined {
  return decideNames([namedOrders(fields)], [present])[0];
}

function first(fields: Partial<NamedDatabase>): DatabaseNames | undefined {
  return decideNames([namedOrders(fields)], [])[0];
}

describe("T10: when there are names", () => {
  test("a global database has none until its writer accepts writes", () => {
    expect(first({ acceptsWrites: false })).toBeUndefined();
    expect(first({})).toEqual({
      database: orders,
      version: 1,
      writer: east,
      readers: [east, west],
    });
  });

  test("a new one that nothing is known of can be read where it is written", () => {
    expect(first({ members: serving(undefined, false) })?.readers).toEqual([east]);
  });

  test("a local database has no writer name to move, and none before a Region serves it", () => {
    const local = { kind: "local", acceptsWrites: false } as const;
    expect(first({ ...local, members: serving(false, undefined) })).toBeUndefined();
    expect(first({ ...local, members: serving(false, true) })).toEqual({
      database: orders,
      version: 1,
      writer: undefined,
      readers: [west],
    });
  });

  test("a database that is gone takes its names along; one that was detached gets its own", () => {
    const detached = namedOrders({ database: "orders-us-west-2" as DatabaseId, primary: west });
    const names = decideNames([detached], [present]);
    expect(names.map(({ database, version, writer }) => [database, version, writer])).toEqual([
      ["orders-us-west-2", 1, west],
    ]);
  });
});

describe("T11: the writer name", () => {
  test("while the writer moves both names stay, and then both move in one change", () => {
    const moving = { primary: west, acceptsWrites: false, members: serving(false, true) };
    expect(next(moving)).toBe(present);
    expect(next({ ...moving, acceptsWrites: true })).toEqual({
      database: orders,
      version: 5,
      writer: west,
      readers: [west],
    });
  });

  test("a writer that is lost keeps its name, and readers go where they can read", () => {
    for (const acceptsWrites of [true, false]) {
      const names = next({ acceptsWrites, members: serving(false, true) });
      expect(names).toEqual({ ...present, version: 5, readers: [west] });
    }
  });
});

describe("T12: the reader name", () => {
  test("a Region that nobody has heard from stays as it was", () => {
    expect(next({ members: serving(true, undefined) })).toBe(present);
    const members = [...serving(undefined, undefined), { region: europe, servesReads: undefined }];
    expect(next({ members })).toBe(present);
  });

  test("where nothing serves, the name stays as it was", () => {
    expect(next({ acceptsWrites: false, members: serving(false, false) })).toBe(present);
  });

  test("a new writer that accepts writes can be read, whatever is known of it", () => {
    const moved = { primary: europe, members: [{ region: europe, servesReads: undefined }] };
    expect(next(moved)?.readers).toEqual([europe]);
  });

  test("where nothing says that it serves, readers go with the writer that was just let in", () => {
    const moved = { primary: west, acceptsWrites: true, members: serving(false, false) };
    expect(next(moved)).toMatchObject({ writer: west, readers: [west] });
  });

  test("a Region that left the database is no reader", () => {
    expect(next({ members: [{ region: east, servesReads: true }] })?.readers).toEqual([east]);
  });

  test("another order is no change", () => {
    expect(next({ members: serving(true, true).toReversed() })).toBe(present);
  });
});

const anyRegion = fc.constantFrom(east, west, europe);
const anyMembers = fc.subarray([east, west, europe], { minLength: 1 }).chain((some) =>
  fc.tuple(
    ...some.map((region) =>
      fc.record({
        region: fc.constant(region),
        servesReads: fc.option(fc.boolean(), { nil: undefined }),
      }),
    ),
  ),
);
const anyView: fc.Arbitrary<readonly NamedDatabase[]> = fc
  .subarray(["orders", "stock", "notes"] as DatabaseId[])
  .chain((some) =>
    fc.tuple(
      ...some.map((database) =>
        fc.record({
          database: fc.constant(database),
          kind: fc.constant(database === "notes" ? ("local" as const) : ("global" as const)),
          primary: anyRegion,
          acceptsWrites: fc.boolean(),
          members: anyMembers,
        }),
      ),
    ),
  );

function checkStep(
  one: DatabaseNames,
  before: readonly DatabaseNames[],
  view: readonly NamedDatabase[],
): { readonly moves: boolean; readonly isSame: boolean } {
  const old = before.find(({ database }) => database === one.database);
  const source = view.find(({ database }) => database === one.database);
  expect(one.readers.length).toBeGreaterThan(0);
  const moves = one.writer !== undefined && one.writer !== old?.writer;
  expect(!moves || (source?.primary === one.writer && source.acceptsWrites)).toBe(true);
  const isSame =
    old !== undefined &&
    one.writer === old.writer &&
    one.readers.toSorted().join(",") === old.readers.toSorted().join(",");
  expect(one.version).toBe(isSame ? old.version : (old?.version ?? 0) + 1);
  return { moves, isSame };
}

test("T11, T13: whatever is seen, a writer name only moves to who accepts writes, and the version counts the changes", () => {
  const seen = { moved: 0, kept: 0 };
  fc.assert(
    fc.property(fc.array(anyView, { maxLength: 10 }), (views) => {
      let names: readonly DatabaseNames[] = [];
      for (const view of views) {
        const before = names;
        names = decideNames(view, before);
        expect(decideNames(view, names)).toEqual(names);
        for (const one of names) {
          const { moves, isSame } = checkStep(one, before, view);
          if (moves) seen.moved += 1;
          if (isSame) seen.kept += 1;
        }
        const known = new Set(view.map(({ database }) => database));
        expect(names.every(({ database }) => known.has(database))).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
  expect(Math.min(seen.moved, seen.kept)).toBeGreaterThan(50);
});
