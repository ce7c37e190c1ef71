/** What the store remembers of each database system, and under which key. */
import { z } from "zod";
import { Failure } from "../model/failure.ts";
import type { DatabaseId, Epoch, OperationId, RegionId, SystemId } from "../model/region.ts";
import type { Entry } from "../store/store.ts";
import { branded, counter, maybe } from "../wire/codec.ts";
import { fork } from "../wire/fork.ts";

const region = branded<RegionId>();

const systemRecord = z.object({
  /** Grows with each change. Agents refuse what was made from a lower one. */
  version: z.number().int().min(0),
  epoch: counter<Epoch>(),
  primary: region,
  /** When this epoch began, for people. */
  sinceWallMs: z.number(),
  /** Null until initdb has drawn it; from then on it never changes. */
  systemId: maybe(branded<SystemId>()),
  /** The first `create` was given: data in the writer's Region is ours to accept, and was not there before. */
  isCreating: z.boolean(),
  /** The Regions that belong to it now. */
  members: z.array(region),
  /** Regions that may be promoted in this epoch: the writer's agent is known to ask them for promises. */
  candidates: z.array(region),
  /** Regions that the writer's agent was told to ask; candidates as soon as it says that it heard it. */
  asked: z.array(region),
  /** Regions whose data must become evidence before anything else happens to them. */
  condemned: z.array(region),
  /** Condemned Regions that a person asked to rejoin, where they do not by themselves. */
  rejoining: z.array(region),
  /** Where the timelines left each other, oldest first. */
  forks: z.array(fork),
  /** False between the claim of an epoch and its writer's promotion. */
  isPromoted: z.boolean(),
  /** The writer's lease is not renewed any more, until an operation says otherwise. */
  isFencing: z.boolean(),
  /** The operation that holds the system: there is never a second one (I6). */
  operation: maybe(branded<OperationId>()),
  /** When the last failover was claimed, for the pause after it. */
  lastFailoverWallMs: maybe(z.number()),
  /** Of a Region that was detached: the database that it came from. */
  detachedFrom: maybe(z.string()),
});

/** The truth about one database system: who may be its writer, and which one it is. */
export type SystemRecord = z.output<typeof systemRecord>;

export const systemPrefix = "systems/";

/** A global database is one system; a local one is a system of its own in each Region. */
export function systemKey(database: DatabaseId, localTo: RegionId | undefined): string {
  return localTo === undefined
    ? `${systemPrefix}${database}`
    : `${systemPrefix}${database}@${localTo}`;
}

/** The record of a system that was never created. */
export function firstRecord(
  primary: RegionId,
  members: readonly RegionId[],
  wallMs: number,
): SystemRecord {
  return {
    version: 1,
    epoch: 1 as Epoch,
    primary,
    sinceWallMs: wallMs,
    systemId: undefined,
    isCreating: false,
    members: [...members],
    candidates: [],
    asked: [],
    condemned: [],
    rejoining: [],
    forks: [],
    isPromoted: true,
    isFencing: false,
    operation: undefined,
    lastFailoverWallMs: undefined,
    detachedFrom: undefined,
  };
}

export function formatRecord(record: SystemRecord): string {
  return JSON.stringify(z.encode(systemRecord, record));
}

/**
 * `first` fills in what a record of an earlier version of Leeward does not have; undefined for a database that
 * leeward.yaml no longer names.
 * @throws Failure `state.damaged`
 */
export function parseRecord(entry: Entry, first: SystemRecord | undefined): SystemRecord {
  try {
    const written = JSON.parse(entry.value) as z.input<typeof systemRecord>;
    const blank = first ?? firstRecord(written.primary, [written.primary], written.sinceWallMs);
    return z.decode(systemRecord, { ...z.encode(systemRecord, blank), ...written });
  } catch (cause) {
    throw new Failure("state.damaged", `Could not read ${entry.key} in the controller's store`, {
      cause,
    });
  }
}
