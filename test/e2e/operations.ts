/** Operations by the API, as fast as they change: a CLI would look too seldom to strike at a step. */
import type { ApiEvent, ApiEventPage } from "../../src/api/api.ts";
import type {
  ApiOperation,
  ApiOperationKind,
  ApiOperationList,
  ApiSnapshot,
  ApiWatchedOperation,
} from "../../src/api/operations-api.ts";
import { assert } from "../../src/std/assert.ts";
import { until } from "./until.ts";
import type { World } from "./world.ts";

/** 5 ms between two looks for an operation that has yet to begin. */
const lookEveryMs = 5;
/** 30 s: an answer that waits for a change takes 10 s. */
const answerMsMax = 30_000;

/** @throws Error with what the API said when it refuses */
export async function ask<T>(
  world: World,
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  body?: unknown,
): Promise<T> {
  const answer = await fetch(`${world.apiUrl}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${world.apiToken}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(answerMsMax),
  });
  const said: unknown = await answer.json();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(said)}`);
  return said as T;
}

export type Wish = {
  readonly kind: ApiOperationKind;
  readonly to: string;
  readonly allowDataLoss?: boolean;
  readonly overrideFence?: string;
};

export async function begin(world: World, database: string, wish: Wish): Promise<ApiOperation> {
  return await ask<ApiOperation>(world, "POST", `/v1/databases/${database}/operations`, wish);
}

export async function operationOf(world: World, id: string): Promise<ApiOperation> {
  return await ask<ApiOperation>(world, "GET", `/v1/operations/${id}`);
}

/**
 * The operation, as soon as `holds` says so of it. Each question waits for the next change: so no step is slept
 * through, and the controller has better to do than to answer. Also across a restart of the controller.
 */
export async function untilOperation(
  world: World,
  id: string,
  boundMs: number,
  holds: (operation: ApiOperation) => boolean,
): Promise<ApiOperation> {
  let last: ApiWatchedOperation | undefined;
  let after: number | undefined;
  return await until(`${id} is where it is waited for`, boundMs, async () => {
    const deadlineMs = performance.now() + boundMs;
    do {
      const query = after === undefined ? "" : `?after=${after}`;
      // A controller that has just started counts from the beginning.
      after = undefined;
      last = await ask<ApiWatchedOperation>(world, "GET", `/v1/operations/${id}${query}`);
      after = last.change;
      if (holds(last)) return last;
    } while (performance.now() < deadlineMs);
    return undefined;
  }).catch((cause: unknown) => {
    throw new Error(`Not within ${boundMs} ms. Last: ${JSON.stringify(last)}`, { cause });
  });
}

/** Its end, also across a restart of the controller. */
export function untilEnded(world: World, id: string, boundMs: number): Promise<ApiOperation> {
  return untilOperation(world, id, boundMs, ({ phase }) => phase === "ended");
}

/** Of this database, the newest first. */
export async function operationsOf(
  world: World,
  database = "orders",
): Promise<readonly ApiOperation[]> {
  const path = `/v1/operations?database=${database}`;
  return (await ask<ApiOperationList>(world, "GET", path)).operations;
}

/** The oldest first. */
export async function eventsOf(world: World, database = "orders"): Promise<readonly ApiEvent[]> {
  const path = `/v1/events?database=${database}&limit=1000`;
  return (await ask<ApiEventPage>(world, "GET", path)).events;
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

/** The operation that runs on this database, once it stands at `step`. */
export async function untilAtStep(
  world: World,
  database: string,
  step: string,
  boundMs: number,
): Promise<ApiOperation> {
  const deadlineMs = performance.now() + boundMs;
  for (;;) {
    const [newest] = await operationsOf(world, database);
    if (newest && newest.phase !== "ended") {
      const leftMs = deadlineMs - performance.now();
      const found = await untilOperation(world, newest.id, leftMs, (seen) => {
        return seen.step === step || seen.phase === "ended";
      });
      if (found.phase !== "ended") return found;
    }
    assert(performance.now() < deadlineMs, `An operation stands at ${step}; ${newest?.step} now`);
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}

export async function snapshotsOf(world: World): Promise<readonly ApiSnapshot[]> {
  const { snapshots } = await ask<{ readonly snapshots: readonly ApiSnapshot[] }>(
    world,
    "GET",
    "/v1/snapshots",
  );
  return snapshots;
}

/** 1 s: the writer's first reading after a promotion may be from before the others stream from it. */
const nearMs = 1_000;

/** All Regions serve on one timeline, the others may be promoted, and nothing is under way; answers the primary. */
export async function untilSettled(
  world: World,
  database = "orders",
  boundMs = 60_000,
): Promise<string> {
  const status = await world.untilStatus(`${database} is settled`, boundMs, (seen) => {
    const { operation, primary, candidates, members } = seen.databases[database] ?? {};
    const others = Object.keys(members ?? {}).filter((region) => region !== primary);
    const timelines = Object.values(members ?? {}).map(({ instances }) => instances[0]?.timeline);
    return (
      seen.isReady &&
      operation === null &&
      others.length > 0 &&
      new Set(timelines).size === 1 &&
      others.every((region) => {
        const { state, rpoLagMs } = members?.[region] ?? {};
        const isNear = (rpoLagMs ?? Infinity) < nearMs;
        return candidates?.includes(region) && state === "serving" && isNear;
      })
    );
  });
  return status.databases[database]?.primary ?? "";
}
