/** What becomes of data that the others' history does not contain, and of a copy that nobody needs (I5). */
import { Failure } from "../model/failure.ts";
import { isPastFork, type Fork } from "../model/fork.ts";
import type { Epoch } from "../model/region.ts";
import type { DataDirectory } from "../postgres/postgres.ts";
import { formatInstant } from "../std/instant.ts";
import type { CommandContext } from "./command-context.ts";
import { divergence } from "./instance-decide.ts";

type PresentData = Extract<DataDirectory, { readonly kind: "present" }>;

/**
 * Moves the data to where evidence is kept, so that a clone finds an empty place.
 * @throws Failure `operation.refused` when it is the writer, or its data are a part of the others' history
 */
export async function setAside(
  context: CommandContext,
  because: string,
  epoch: Epoch,
  signal: AbortSignal,
): Promise<void> {
  const assignment = context.assignment();
  if (assignment?.role !== "secondary") throw refused(context, "it is not a secondary");
  if (assignment.upstream !== undefined && context.server.running) {
    throw refused(context, "it runs, and follows the writer");
  }
  const data = await stopAndClear(context, signal);
  if (data.kind !== "present") return;
  // A Region that is to follow nobody was condemned by the controller: what it holds has to go, whatever it is.
  const isWanted = assignment.upstream !== undefined && divergence(data, assignment) === undefined;
  if (isWanted) throw refused(context, "its data are a part of the others' history");
  await keep(context, data, { because, epoch }, signal);
}

/**
 * Removes a copy, and keeps what is none as evidence: for a Region that does not belong to the database any more.
 * @throws Failure `operation.refused` when it is the writer
 */
export async function discard(
  context: CommandContext,
  { epoch, forks }: { readonly epoch: Epoch; readonly forks: readonly Fork[] },
  signal: AbortSignal,
): Promise<void> {
  const assignment = context.assignment();
  if (assignment?.role === "primary") throw refused(context, "it is the writer");
  const data = await stopAndClear(context, signal);
  if (data.kind !== "present") return;
  const isCopy = data.isStandby && !isPastFork(data.end, forks);
  if (isCopy) {
    await context.postgres.remove({ force: true }, signal);
    context.become({ kind: "absent" });
    return;
  }
  const because = "its Region left the database, and it was a writer or left the others' history";
  await keep(context, data, { because, epoch }, signal);
}

/** What lies there once nothing runs. Remains of a clone that was interrupted are nothing. */
async function stopAndClear(
  { postgres, server }: CommandContext,
  signal: AbortSignal,
): Promise<DataDirectory> {
  // Clean, so that what it has is all in its WAL; a writer that runs without a right is fenced beside this.
  if (server.running) await server.stop("fast", signal);
  const data = await postgres.inspect(signal);
  if (data.kind === "unfinished") await postgres.remove({ force: false }, signal);
  return data;
}

async function keep(
  { assignment, become, clock, id, log, postgres, tell }: CommandContext,
  { end, systemId }: PresentData,
  { because, epoch }: { readonly because: string; readonly epoch: Epoch },
  signal: AbortSignal,
): Promise<void> {
  const { database, region, number } = id;
  const atWallMs = clock.wallMs();
  const at = formatInstant(atWallMs).replaceAll(/[-:]|\.\d+/g, "");
  const fork = assignment()?.forks.find(({ parent }) => parent === end.timeline);
  const name = `unplanned-global-failover-${database}-${region}-${at}`;
  const note = { name, database, region, number, systemId, epoch, atWallMs, because };
  await postgres.setAside({ ...note, timeline: end.timeline, forkLsn: fork?.lsn }, signal);
  log.warn("database.evidence-kept", { name, because });
  const message = `What ${region} held of ${database} is kept as ${name}: ${because}.`;
  tell({ kind: "evidence.kept", message, region, database, details: { name, because } });
  become({ kind: "absent" });
}

function refused({ id }: CommandContext, because: string): Failure {
  return new Failure("operation.refused", `${id.region} keeps its data where they are: ${because}`);
}
