/** What the store remembers of each database system, and under which key. */
import { z } from "zod";
import { Failure } from "../model/failure.ts";
import type { DatabaseId, Epoch, RegionId, SystemId } from "../model/region.ts";
import type { Entry } from "../store/store.ts";
import { branded, counter, maybe } from "../wire/codec.ts";

const systemRecord = z.object({
  epoch: counter<Epoch>(),
  primary: branded<RegionId>(),
  /** When this epoch began, for people. */
  sinceWallMs: z.number(),
  /** Null until initdb has drawn it; from then on it never changes. */
  systemId: maybe(branded<SystemId>()),
  /** The first `create` was given: data in the writer's Region is ours to accept, and was not there before. */
  isCreating: z.boolean(),
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

export function formatRecord(record: SystemRecord): string {
  return JSON.stringify(z.encode(systemRecord, record));
}

/** @throws Failure `state.damaged` */
export function parseRecord(entry: Entry): SystemRecord {
  try {
    return z.decode(systemRecord, JSON.parse(entry.value) as z.input<typeof systemRecord>);
  } catch (cause) {
    throw new Failure("state.damaged", `Could not read ${entry.key} in the controller's store`, {
      cause,
    });
  }
}
