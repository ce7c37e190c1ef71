/** Who may write in each global database, and what holds when a Region is lost. Pure. */
import type { ApiDatabase, ApiStatus } from "../api/api.ts";
import type { Colors } from "./frame.ts";
import { formatBytes, formatDuration, table } from "./output.ts";

/** One row for each global database, and a gap below. */
export function protectionTable({ databases }: ApiStatus, colors: Colors): readonly string[] {
  const rows = Object.entries(databases).flatMap(([name, database]) => {
    const { lease, fence, rpoGuard, evidenceSlots } = database;
    if (!lease || !fence || !rpoGuard) return [];
    return [
      [
        name,
        leaseText(lease, colors),
        fence.state === "none" ? "none" : colors.red(fence.state),
        database.candidates.join(", ") || colors.red("none"),
        database.failover,
        rpoGuardText(rpoGuard, colors),
        evidenceSlots ? slotsText(evidenceSlots, colors) : "not known",
        database.operation ? operationText(database.operation, colors) : "",
      ],
    ];
  });
  if (rows.length === 0) return [];
  const names = [
    "DATABASE",
    "LEASE",
    "FENCE",
    "CANDIDATES",
    "FAILOVER",
    "RPO GUARD",
    "EVIDENCE SLOTS",
    "OPERATION",
  ];
  return [...table([names.map((name) => colors.dim(name)), ...rows]), ""];
}

function leaseText(
  { state, leftMs, from }: NonNullable<ApiDatabase["lease"]>,
  colors: Colors,
): string {
  const by = from === "promises" ? ", by promises" : "";
  const left = `${formatDuration(leftMs)}${by}`;
  if (state === "held") return `${colors.green("held")}, ${left}`;
  return state === "fencing" ? `${colors.yellow("fencing")}, ${left}` : colors.red("over");
}

function rpoGuardText(
  { state, limitMs }: NonNullable<ApiDatabase["rpoGuard"]>,
  colors: Colors,
): string {
  if (state === "off") return "off";
  const limit = formatDuration(limitMs);
  return `${state === "watching" ? state : colors.yellow(state)}, ${limit}`;
}

function slotsText(
  { slots, retainedBytes, isIntact, isPinned }: NonNullable<ApiDatabase["evidenceSlots"]>,
  colors: Colors,
): string {
  if (slots === 0) return colors.yellow("none");
  const kept = `${slots}, ${formatBytes(retainedBytes)}`;
  if (!isIntact) return `${kept}, ${colors.red("broken")}`;
  return isPinned ? `${kept}, ${colors.yellow("pinned")}` : kept;
}

function operationText(
  { id, step, because }: NonNullable<ApiDatabase["operation"]>,
  colors: Colors,
): string {
  return `${colors.yellow(id)}: ${step}${because === "" ? "" : ` (${because})`}`;
}
