/** Operations as people ask for them, by the command line, and what the API says of them. */
import type { ApiEvent, ApiEventPage } from "../../src/api/api.ts";
import type { ApiOperation, ApiOperationList } from "../../src/api/operations-api.ts";
import { assert } from "../../src/std/assert.ts";
import { until } from "./until.ts";
import type { World } from "./world.ts";

/** 5 ms between two looks at an operation: its steps are short. */
const lookEveryMs = 5;

export type Refusal = { readonly code: string; readonly message: string; readonly hint: string };

/** @throws when it does not complete */
export async function operate(world: World, ...args: readonly string[]): Promise<ApiOperation> {
  const { operations } = await world.json<{ readonly operations: readonly ApiOperation[] }>(args);
  const [only] = operations;
  assert(only !== undefined && operations.length === 1, `${args.join(" ")} is one operation`);
  return only;
}

export function switchover(world: World, to: string, database = "orders"): Promise<ApiOperation> {
  return operate(world, "switchover", database, "--to", to);
}

export function failover(world: World, to: string, database = "orders"): Promise<ApiOperation> {
  return operate(world, "failover", database, "--to", to, "--allow-data-loss", "--yes");
}

/** What a command that does not succeed says, with its exit code. */
export async function refusalOf(
  world: World,
  ...args: readonly string[]
): Promise<{ readonly exit: number | undefined; readonly said: Refusal }> {
  const { code, stdout, stderr } = await world.cli([...args, "--json"]);
  const last = stderr.trimEnd().split("\n").at(-1) ?? "";
  try {
    return { exit: code, said: JSON.parse(last) as Refusal };
  } catch (cause) {
    throw new Error(`${args.join(" ")} ended with ${code}:\n${stdout}\n${stderr}`, { cause });
  }
}

export async function ask<T>(world: World, path: string): Promise<T> {
  const answer = await fetch(`${world.apiUrl}${path}`, {
    headers: { authorization: `Bearer ${world.apiToken}` },
    signal: AbortSignal.timeout(15_000),
  });
  assert(answer.ok, `GET ${path} answers ${answer.status}`);
  return (await answer.json()) as T;
}

/** Of this database, the newest first. */
export async function operationsOf(
  world: World,
  database = "orders",
): Promise<readonly ApiOperation[]> {
  const path = `/v1/operations?database=${database}`;
  return (await ask<ApiOperationList>(world, path)).operations;
}

/** The oldest first. */
export async function eventsOf(world: World, database = "orders"): Promise<readonly ApiEvent[]> {
  return (await ask<ApiEventPage>(world, `/v1/events?database=${database}&limit=1000`)).events;
}

/** The newest event of this kind; it may have to be written yet. */
export async function newestEvent(
  world: World,
  kind: string,
  isMeant: (event: ApiEvent) => boolean = () => true,
): Promise<ApiEvent> {
  return until(`there is an event ${kind}`, 5_000, async () =>
    (await eventsOf(world)).findLast((event) => event.kind === kind && isMeant(event)),
  );
}

/** The point of no return of this operation. */
export function claimOf(world: World, operation: ApiOperation): Promise<ApiEvent> {
  return newestEvent(world, "operation.claimed", ({ details }) =>
    Object.values(details).includes(operation.id),
  );
}

/** The operation that runs on this database, once it stands at `step`. It is looked at often: steps are short. */
export async function untilAtStep(
  world: World,
  database: string,
  step: string,
  boundMs: number,
): Promise<ApiOperation> {
  const deadlineMs = performance.now() + boundMs;
  for (;;) {
    const [newest] = await operationsOf(world, database);
    if (newest?.step === step && newest.phase !== "ended") return newest;
    assert(performance.now() < deadlineMs, `An operation stands at ${step}; ${newest?.step} now`);
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}

/** Every secondary is close behind and may be promoted, and no operation runs; answers the primary. */
export async function untilRedundant(world: World, database = "orders"): Promise<string> {
  const status = await world.untilStatus(`${database} is redundant`, 60_000, (now) => {
    const { candidates = [], operation, members = {}, primary } = now.databases[database] ?? {};
    const others = Object.entries(members).filter(([region]) => region !== primary);
    return (
      now.isReady &&
      operation === null &&
      others.every(
        ([region, { rpoLagMs }]) => candidates.includes(region) && (rpoLagMs ?? Infinity) < 1_000,
      )
    );
  });
  return status.databases[database]?.primary ?? "";
}
