/**
 * Where each database's two names are to lead, from what its record and its members say. Pure. Names follow what is
 * so already: nobody is sent to a writer before it accepts writes, or to a copy that does not answer.
 */
import type { DatabaseId, RegionId } from "../model/region.ts";
import type { DatabaseNames } from "../model/traffic.ts";

export type NamedDatabase = {
  readonly database: DatabaseId;
  readonly kind: "global" | "local";
  /** By its record. Of a local database nobody asks. */
  readonly primary: RegionId;
  /**
   * The writer of the record's epoch was promoted, verified, and let writes in; it may have been lost since. Of a local
   * database nobody asks.
   */
  readonly acceptsWrites: boolean;
  readonly members: readonly {
    readonly region: RegionId;
    /** Undefined: the controller is new, nobody has heard from there yet, and it stays as it was. */
    readonly servesReads: boolean | undefined;
  }[];
};

/** `databases` is all there are: a database that is not among them has no names any more. */
export function decideNames(
  databases: readonly NamedDatabase[],
  present: readonly DatabaseNames[],
): readonly DatabaseNames[] {
  return databases.flatMap((database) => {
    const old = present.find((names) => names.database === database.database);
    const names = old === undefined ? firstNames(database) : nextNames(database, old);
    return names === undefined ? [] : [names];
  });
}

/** The names appear when they have somewhere to lead to. */
function firstNames(next: NamedDatabase): DatabaseNames | undefined {
  const { database, kind, primary, acceptsWrites } = next;
  const serving = servingRegions(next, []);
  if (kind === "local") {
    if (serving.length === 0) return undefined;
    return { database, version: 1, writer: undefined, readers: serving };
  }
  if (!acceptsWrites) return undefined;
  const readers = serving.length > 0 ? serving : [primary];
  return { database, version: 1, writer: primary, readers };
}

function nextNames(next: NamedDatabase, old: DatabaseNames): DatabaseNames {
  const writer = next.kind === "local" ? undefined : next.primary;
  const isMoving = writer !== undefined && writer !== old.writer;
  // Both names move in one change: until the new writer accepts writes, neither does.
  if (isMoving && !next.acceptsWrites) return old;
  const serving = servingRegions(next, old.readers);
  // A name that leads nowhere would help nobody; a writer that was just let in may not have said yet that it serves.
  const lastResort = isMoving ? [writer] : old.readers;
  const readers = serving.length > 0 ? serving : lastResort;
  if (writer === old.writer && isSameSet(readers, old.readers)) return old;
  return { database: old.database, version: old.version + 1, writer, readers };
}

/** Who has not been heard yet stays as it was; a writer that was let in can be read. */
function servingRegions(
  { kind, primary, acceptsWrites, members }: NamedDatabase,
  before: readonly RegionId[],
): readonly RegionId[] {
  const isWriter = (region: RegionId): boolean =>
    kind === "global" && acceptsWrites && region === primary;
  return members
    .filter(
      ({ region, servesReads }) => servesReads ?? (isWriter(region) || before.includes(region)),
    )
    .map(({ region }) => region);
}

function isSameSet(one: readonly RegionId[], other: readonly RegionId[]): boolean {
  return one.length === other.length && one.every((region) => other.includes(region));
}
