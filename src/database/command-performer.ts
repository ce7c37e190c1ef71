/**
 * Carries out one command on one instance. Each deed looks at the disk first, because it may have been done, or
 * half done, before this agent was killed; and none destroys data that cannot be had again (SPEC.md, A6 to A8).
 */
import type { Clock } from "../env/env.ts";
import type { Assignment, CommandAction } from "../model/assignment.ts";
import { Failure } from "../model/failure.ts";
import type { InstanceState } from "../model/instance.ts";
import type { CloneProgress, DataDirectory, Postgres } from "../postgres/postgres.ts";
import { Rate } from "./rate.ts";

/** 250 ms: clone progress goes out with the reports; more often than this nobody looks. */
const progressEveryMs = 250;

export type PerformerDoors = {
  readonly clock: Clock;
  readonly postgres: Postgres;
  /** Stops the server at once, as its keeper does it. */
  readonly stopServer: (because: string) => Promise<void>;
  readonly become: (state: InstanceState) => void;
};

/** @throws Failure that says why it was refused or did not succeed; the data directory is as before, or empty. */
export async function performCommand(
  doors: PerformerDoors,
  action: CommandAction,
  assignment: Assignment | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (action.kind === "create") await create(doors, action, assignment, signal);
  else await clone(doors, action, assignment, signal);
}

type CreateAction = Extract<CommandAction, { readonly kind: "create" }>;
type CloneAction = Extract<CommandAction, { readonly kind: "clone" }>;

async function create(
  { postgres, become }: PerformerDoors,
  action: CreateAction,
  assignment: Assignment | undefined,
  signal: AbortSignal,
): Promise<void> {
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

async function clone(
  doors: PerformerDoors,
  action: CloneAction,
  assignment: Assignment | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { postgres, become } = doors;
  if (assignment?.role === "primary") {
    throw new Failure("postgres.clone-failed", "Refused to clone over the writer");
  }
  if (action.replace) await removeStandby(doors, action, signal);
  const data = await clearUnfinished(postgres, signal);
  if (data.kind === "present") return requireSystem(data, action);
  doors.become({ kind: "cloning", receivedBytes: 0, totalBytes: undefined, bytesPerSecond: 0 });
  const onProgress = tellProgress(doors);
  await postgres.clone(action.upstream, action.systemId, onProgress, signal);
  become({ kind: "stopped", because: "it was cloned" });
}

/** Only ever a copy: what was a writer's may hold commits that nobody else has (I5). */
async function removeStandby(
  { postgres, stopServer }: PerformerDoors,
  action: CloneAction,
  signal: AbortSignal,
): Promise<void> {
  const data = await postgres.inspect(signal);
  if (data.kind === "present" && !data.isStandby) {
    throw new Failure("postgres.clone-failed", "Refused to remove data that is not a standby's");
  }
  if (data.kind === "present") requireSystem(data, action);
  await stopServer("it is built anew");
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

function tellProgress({ clock, become }: PerformerDoors): (progress: CloneProgress) => void {
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
