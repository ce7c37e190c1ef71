/**
 * What a read is promised. Leeward's own setting has two namesakes from Aurora, so that an application that sets theirs
 * runs unchanged; all three say the same thing.
 */

/**
 * `eventual`: nothing. `session`: it sees what its session wrote and saw before. `global`: it sees every commit that was
 * acknowledged before it began. `off`: as eventual, and writes are not forwarded.
 */
export type ConsistencyLevel = "eventual" | "session" | "global" | "off";

export const consistencyLevels: readonly ConsistencyLevel[] = [
  "eventual",
  "session",
  "global",
  "off",
];

const names = [
  "leeward.consistency",
  "apg_write_forward.consistency_mode",
  "aurora_replica_read_consistency",
] as const;

export type ConsistencySetting = (typeof names)[number];

export type ConsistencyValue =
  | { readonly kind: "level"; readonly level: ConsistencyLevel }
  /** As PostgreSQL words it; the answer is an ERROR and changes nothing. */
  | {
      readonly kind: "invalid";
      readonly sqlState: "22023";
      readonly message: string;
      readonly hint: string;
    };

/** The setting that is meant, however it is spelt; undefined when it is another. */
export function consistencySetting(name: string): ConsistencySetting | undefined {
  const lower = name.toLowerCase();
  return names.find((one) => one === lower);
}

export function parseConsistency(setting: ConsistencySetting, value: string): ConsistencyValue {
  const lower = value.toLowerCase();
  const level = consistencyLevels.find((one) => spell(setting, one).toLowerCase() === lower);
  if (level !== undefined) return { kind: "level", level };
  const available = consistencyLevels.map((one) => spell(setting, one) || "''").join(", ");
  return {
    kind: "invalid",
    sqlState: "22023",
    message: `invalid value for parameter "${setting}": "${value.slice(0, VALUE_SHOWN_MAX)}"`,
    hint: `Available values: ${available}.`,
  };
}

/** A client may send a value of any length, and gets it back in the message. */
const VALUE_SHOWN_MAX = 200;

/** What `SHOW` answers. */
export function showConsistency(setting: ConsistencySetting, level: ConsistencyLevel): string {
  return spell(setting, level);
}

/** `off` is an empty text in Aurora MySQL. */
function spell(setting: ConsistencySetting, level: ConsistencyLevel): string {
  switch (setting) {
    case "leeward.consistency":
      return level;
    case "apg_write_forward.consistency_mode":
      return level.toUpperCase();
    case "aurora_replica_read_consistency":
      return level === "off" ? "" : level.toUpperCase();
  }
}

/** Whether a session's writes go to the writer, or are refused here. */
export function isForwarding(level: ConsistencyLevel): boolean {
  return level !== "off";
}

/** Of these levels a session is told when what it has seen is lost. */
export function promises(level: ConsistencyLevel): boolean {
  return level === "session" || level === "global";
}
