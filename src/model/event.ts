import type { DatabaseId, RegionId } from "./region.ts";

/** What happened, for people and for automation. Kept in the archive, 14 days by default. */
export type NewEvent = {
  /** `noun.verb-in-past`, for example `region.killed`. */
  readonly kind: string;
  /** One sentence for a person; ends with a full stop. */
  readonly message: string;
  readonly region: RegionId | undefined;
  readonly database: DatabaseId | undefined;
  /** Facts for machines; no secrets. */
  readonly details: Readonly<Record<string, string | number | boolean | null>>;
};

export type ArchivedEvent = NewEvent & {
  /** Grows by at least one with each event; a page's cursor. */
  readonly id: number;
  readonly atMs: number;
};
