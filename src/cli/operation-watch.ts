/** Begins an operation and sees it through, also when the controller is restarted meanwhile. */
import type { ApiStatus } from "../api/api.ts";
import { isPassing, type ApiClient } from "../api/client.ts";
import type { ApiOperation, ApiOperationRequest } from "../api/operations-api.ts";
import type { Clock } from "../env/env.ts";
import { Failure } from "../model/failure.ts";
import { Backoff } from "../std/backoff.ts";

export type Wanted = {
  readonly database: string;
  readonly request: Pick<ApiOperationRequest, "kind" | "to"> & Partial<ApiOperationRequest>;
};

/** A controller that died is back within a second; after 15 s it does not come. */
const controllerAwayMaxMs = 15_000;
/** 5 s for the first question: nothing has begun yet that would have to be found again. */
const firstAnswerMaxMs = 5_000;
const askAgainFirstMs = 100;
const askAgainPauseMaxMs = 1_000;
/** Far more than begin while one question is on its way. */
const recentMax = 20;

type Doors = { readonly client: ApiClient; readonly clock: Clock };

/**
 * When the answer is lost, the operation that the question began is looked for: asking again could begin a second
 * one, or be refused because of the first.
 */
export async function beginOperation(
  doors: Doors,
  { database, request }: Wanted,
  signal: AbortSignal,
): Promise<ApiOperation> {
  const { client } = doors;
  const recent = { database, limit: recentMax };
  const before = await client.operations(recent, signal);
  const known = new Set(before.operations.map(({ id }) => id));
  try {
    return await client.beginOperation(database, request, signal);
  } catch (error) {
    if (!isPassing(error)) throw error;
    const { operations } = await whileAway(doors, () => client.operations(recent, signal), signal);
    const found = operations.find(
      ({ id, kind, to }) => !known.has(id) && kind === request.kind && to === request.to,
    );
    if (found) return found;
    throw error;
  }
}

/**
 * The operation now and after each change, until it has ended or `signal` aborts.
 * @throws Failure `operation.out-of-sight` when the controller stays away; the operation may go on
 */
export async function* watchOperation(
  doors: Doors,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<ApiOperation> {
  let after: number | undefined;
  for (;;) {
    const seen = await whileAway(
      doors,
      () => doors.client.operation(id, after, signal),
      signal,
    ).catch((cause: unknown) => {
      if (!isPassing(cause)) throw cause;
      const message = `${id} is out of sight, because the controller does not come back`;
      throw new Failure("operation.out-of-sight", message, { cause });
    });
    const { change, ...operation } = seen;
    yield operation;
    if (operation.phase === "ended") return;
    after = change;
  }
}

/** Also from a controller that is just being restarted. */
export function firstStatus(doors: Doors, signal: AbortSignal): Promise<ApiStatus> {
  return whileAway(doors, () => doors.client.status(signal), signal, firstAnswerMaxMs);
}

/** Asks again while the controller is away, for as long as it takes it to come back. */
export async function whileAway<T>(
  { clock }: Pick<Doors, "clock">,
  ask: () => Promise<T>,
  signal: AbortSignal,
  awayMaxMs: number = controllerAwayMaxMs,
): Promise<T> {
  const backoff = new Backoff(askAgainFirstMs, askAgainPauseMaxMs);
  const startedAtMs = clock.monotonicMs();
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const awayMs = clock.monotonicMs() - startedAtMs;
      if (signal.aborted || !isPassing(error) || awayMs > awayMaxMs) throw error;
    }
    await clock.sleep(backoff.nextMs(), signal);
  }
}
