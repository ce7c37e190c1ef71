/** The commands that fill an instance's place with data: a new database system, or a copy of one. */
import type { CommandAction } from "../model/assignment.ts";
import { Failure } from "../model/failure.ts";
import type { CloneProgress, DataDirectory, Postgres } from "../postgres/postgres.ts";
import type { CommandContext } from "./command-context.ts";
import { divergence } from "./instance-decide.ts";
import { Rate } from "./rate.ts";

/** 250 ms: clone progress goes out with the reports; more often than this nobody looks. */
const progressEveryMs = 250;

type CreateAction = Extract<CommandAction, { readonly kind: "create" }>;
type CloneAction = Extract<CommandAction, { readonly kind: "clone" }>;

/** @throws Failure that says why it was refused or did not succeed; there is no data directory then */
export async function create(
  { postgres, become, assignment: assigned }: CommandContext,
  action: CreateAction,
  signal: AbortSignal,
): Promise<void> {
  const assignment = assigned();
  if (assignment?.systemId !== undefined) {
    const because = `the database system ${assignment.systemId} was created before`;
    throw new Failure("postgres.create-failed", `Refused to create it again: ${because}`);
  }
  if (assignment?.role === "secondary") {
    throw new Failure("postgres.create-failed", "Refused to create it: a secondary is only cloned");
  }
  become({ kind: "creating" });
  const data = await clearUnfinished(postgres, signal);
  // Present: it was created just before this agent was killed, and that is the answer.
  if (data.kind === "absent") await postgres.create(action, signal);
  become({ kind: "stopped", because: "it was created" });
}

/** @throws Failure that says why it was refused or did not succeed; the data directory is as before, or empty */
export async function clone(
  context: CommandContext,
  action: CloneAction,
  signal: AbortSignal,
): Promise<void> {
  const { postgres, become, assignment } = context;
  if (assignment()?.role === "primary") {
    throw new Failure("postgres.clone-failed", "Refused to clone over the writer");
  }
  if (action.replace) await removeStandby(context, action, signal);
  const data = await clearUnfinished(postgres, signal);
  if (data.kind === "present") return requireSystem(data, action);
  become({ kind: "cloning", receivedBytes: 0, totalBytes: undefined, bytesPerSecond: 0 });
  const onProgress = tellProgress(context);
  await postgres.clone(action.upstream, action.systemId, onProgress, signal);
  become({ kind: "stopped", because: "it was cloned" });
}

/** Only ever a copy: what was a writer's may hold commits that nobody else has (I5). */
async function removeStandby(
  { assignment, postgres, server }: CommandContext,
  action: CloneAction,
  signal: AbortSignal,
): Promise<void> {
  const given = assignment();
  const data = await postgres.inspect(signal);
  if (data.kind === "present" && !data.isStandby) {
    throw new Failure("postgres.clone-failed", "Refused to remove data that is not a standby's");
  }
  if (data.kind === "present" && (!given || divergence(data, given) !== undefined)) {
    throw new Failure("postgres.clone-failed", "Refused to remove data that may be evidence");
  }
  if (data.kind === "present") requireSystem(data, action);
  await server.stop("immediate", signal);
  await postgres.remove({ force: true }, signal);
}

function requireSystem(
  data: Extract<DataDirectory, { readonly kind: "present" }>,
  { systemId }: CloneAction,
): void {
  if (data.systemId === systemId) return;
  throw new Failure(
    "postgres.other-cluster",
    `Refused to clone ${systemId} over data of the database system ${data.systemId}`,
  );
}

async function clearUnfinished(postgres: Postgres, signal: AbortSignal): Promise<DataDirectory> {
  const data = await postgres.inspect(signal);
  if (data.kind !== "unfinished") return data;
  await postgres.remove({ force: false }, signal);
  return postgres.inspect(signal);
}

function tellProgress({ clock, become }: CommandContext): (progress: CloneProgress) => void {
  const rate = new Rate(clock);
  let saidAtMs = -Infinity;
  return (progress) => {
    const nowMs = clock.monotonicMs();
    const bytesPerSecond = rate.note(progress.receivedBytes);
    if (nowMs - saidAtMs < progressEveryMs) return;
    saidAtMs = nowMs;
    become({ kind: "cloning", ...progress, bytesPerSecond });
  };
}
