/** Asks a running world. What it refuses comes back as the same Failure that it was over there. */
import type { z } from "zod";
import type { Clock } from "../env/env.ts";
import type { Address } from "../model/address.ts";
import { Failure, isFailureCode, type FailureCode } from "../model/failure.ts";
import { Backoff } from "../std/backoff.ts";
import type { Secret } from "../std/secret.ts";
import * as contract from "./api.ts";
import { EventStreamReader, type StreamMessage } from "./event-stream.ts";
import { HttpPeer, readBody, type HttpAnswer, type HttpMethod } from "./http-request.ts";
import * as operations from "./operations-api.ts";
import type { Question } from "./question.ts";
import { TrafficClient } from "./traffic-client.ts";

/** 30 s: a Region with many large instances takes its time to stop; everything else answers at once. */
const answerTimeoutMs = 30_000;
/** 60 s: to stop or kill a Region, the controller waits for its processes. */
const actionTimeoutMs = 60_000;
/** 40 s without a heartbeat, which comes each 15 s: the connection is dead. */
const watchSilenceMaxMs = 40_000;
/** A controller that died is back within a second; after 15 s it does not come. */
const reconnectMaxMs = 15_000;
const reconnectFirstMs = 100;
const reconnectPauseMaxMs = 1_000;

export type Change =
  | { readonly kind: "status"; readonly status: contract.ApiStatus }
  | { readonly kind: "event"; readonly event: contract.ApiEvent };

/** Holds a connection or two; `close` it. Every method throws Failures: `world.not-running` when nobody listens. */
export class ApiClient {
  readonly #peer: HttpPeer;
  readonly #token: Secret;
  readonly #clock: Clock;
  /** What is asked about traffic and services, over the same connections. */
  readonly traffic = new TrafficClient((question, signal) => this.#ask(question, signal));

  constructor(address: Address, token: Secret, clock: Clock) {
    this.#peer = new HttpPeer(address);
    this.#token = token;
    this.#clock = clock;
  }

  close(): void {
    this.#peer.close();
  }

  status(signal: AbortSignal): Promise<contract.ApiStatus> {
    return this.#ask({ path: "/v1/status", answer: contract.status }, signal);
  }

  events(
    query: Partial<contract.ApiEventQuery>,
    signal: AbortSignal,
  ): Promise<contract.ApiEventPage> {
    const path = `/v1/events?${parametersOf(query)}`;
    return this.#ask({ path, answer: contract.eventPage }, signal);
  }

  async links(signal: AbortSignal): Promise<readonly contract.ApiLink[]> {
    const { links } = await this.#ask({ path: "/v1/links", answer: contract.linkList }, signal);
    return links;
  }

  changeLink(
    [a, b]: readonly [string, string],
    body: contract.ApiLinkChange,
    signal: AbortSignal,
  ): Promise<contract.ApiLink> {
    const path = `/v1/links/${encodeURIComponent(a)}/${encodeURIComponent(b)}`;
    return this.#ask({ method: "PATCH", path, body, answer: contract.link }, signal);
  }

  /** Settles when it is done; see the contract for what that means for each action. */
  actOnRegion(
    region: string,
    action: contract.ApiRegionAction,
    signal: AbortSignal,
  ): Promise<contract.ApiRegionActionResult> {
    const path = `/v1/regions/${encodeURIComponent(region)}/${action}`;
    const answer = contract.regionActionResult;
    return this.#ask({ method: "POST", path, answer, timeoutMs: actionTimeoutMs }, signal);
  }

  /** Settles when it has begun; it goes on without the client. */
  beginOperation(
    database: string,
    body: z.input<typeof operations.operationRequest>,
    signal: AbortSignal,
  ): Promise<operations.ApiOperation> {
    const path = `/v1/databases/${encodeURIComponent(database)}/operations`;
    return this.#ask({ method: "POST", path, body, answer: operations.operation }, signal);
  }

  previewOperation(
    database: string,
    body: z.input<typeof operations.operationRequest>,
    signal: AbortSignal,
  ): Promise<operations.ApiOperationPreview> {
    const path = `/v1/databases/${encodeURIComponent(database)}/operations/preview`;
    return this.#ask({ method: "POST", path, body, answer: operations.operationPreview }, signal);
  }

  /** The newest first. With `after`, waits up to 10 s for a newer change. */
  operations(
    query: Partial<operations.ApiOperationListQuery>,
    signal: AbortSignal,
  ): Promise<operations.ApiOperationList> {
    const path = `/v1/operations?${parametersOf(query)}`;
    return this.#ask({ path, answer: operations.operationList }, signal);
  }

  /** With `after`, waits up to 10 s for a newer change. */
  operation(
    id: string,
    after: number | undefined,
    signal: AbortSignal,
  ): Promise<operations.ApiWatchedOperation> {
    const path = `/v1/operations/${encodeURIComponent(id)}?${parametersOf({ after })}`;
    return this.#ask({ path, answer: operations.watchedOperation }, signal);
  }

  cancelOperation(id: string, signal: AbortSignal): Promise<operations.ApiOperation> {
    const path = `/v1/operations/${encodeURIComponent(id)}/cancel`;
    return this.#ask({ method: "POST", path, answer: operations.operation }, signal);
  }

  async snapshots(signal: AbortSignal): Promise<readonly operations.ApiSnapshot[]> {
    const answer = operations.snapshotList;
    const { snapshots } = await this.#ask({ path: "/v1/snapshots", answer }, signal);
    return snapshots;
  }

  async removeSnapshot(region: string, name: string, signal: AbortSignal): Promise<void> {
    const path = `/v1/snapshots/${encodeURIComponent(region)}/${encodeURIComponent(name)}`;
    const answer = operations.snapshotRemoval;
    await this.#ask({ method: "DELETE", path, answer, timeoutMs: actionTimeoutMs }, signal);
  }

  /**
   * The status at once and after each change, and every event (after the cursor `after`, if given), until `signal`
   * aborts. Comes back by itself when the controller restarts, without a gap in the events.
   * @throws Failure `world.not-running` when the controller stays away for 15 s
   */
  async *watch(after: number | undefined, signal: AbortSignal): AsyncGenerator<Change> {
    const backoff = new Backoff(reconnectFirstMs, reconnectPauseMaxMs);
    let cursor = after;
    // Whoever has a cursor has just been answered: a controller that dies in between is waited for as well.
    let wasConnected = after !== undefined;
    let lostAtMs = this.#clock.monotonicMs();
    while (!signal.aborted) {
      try {
        for await (const message of this.#stream(cursor, signal)) {
          wasConnected = true;
          backoff.reset();
          lostAtMs = this.#clock.monotonicMs();
          if (message.id !== undefined) cursor = Math.max(cursor ?? 0, Number(message.id));
          yield changeOf(message);
        }
      } catch (error) {
        if (signal.aborted) return;
        const awayMs = this.#clock.monotonicMs() - lostAtMs;
        if (!wasConnected || !isPassing(error) || awayMs > reconnectMaxMs) throw error;
      }
      await this.#clock.sleep(backoff.nextMs(), signal).catch(() => undefined);
    }
  }

  async *#stream(
    cursor: number | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<StreamMessage, void, undefined> {
    const { body } = await this.#send(
      { path: `/v1/watch${cursor === undefined ? "" : `?after=${cursor}`}`, method: "GET" },
      watchSilenceMaxMs,
      signal,
    );
    try {
      const reader = new EventStreamReader();
      body.setEncoding("utf8");
      for await (const text of body as AsyncIterable<string>) yield* reader.take(text);
    } catch (cause) {
      throw new Failure("network.unreachable", "The controller ended the stream", { cause });
    } finally {
      body.destroy();
    }
  }

  async #ask<S extends z.ZodType>(what: Question<S>, signal: AbortSignal): Promise<z.output<S>> {
    const { method = "GET", path, body, timeoutMs = answerTimeoutMs } = what;
    const answer = await this.#send({ method, path, body }, timeoutMs, signal);
    const parsed = what.answer.safeParse(parseJson(await readBody(answer)));
    if (parsed.success) return parsed.data;
    throw new Failure(
      "network.message-invalid",
      `The answer to ${method} ${path} is not understood`,
      {
        cause: parsed.error,
      },
    );
  }

  /** The head of an answer that is no problem. */
  async #send(
    what: {
      readonly method: HttpMethod;
      readonly path: string;
      readonly body?: unknown;
    },
    silenceMaxMs: number,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const body = what.body === undefined ? undefined : JSON.stringify(what.body);
    const headers = {
      authorization: `Bearer ${this.#token.reveal()}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    };
    const { method, path } = what;
    const answer = await this.#peer.ask({ method, path, headers, body, silenceMaxMs }, signal);
    if (answer.status === 200 || answer.status === 202) return answer;
    throw failureOf(await readBody(answer), answer.status);
  }
}

function parametersOf(query: Readonly<Record<string, unknown>>): URLSearchParams {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  return parameters;
}

/** What a restart of the controller looks like from here. */
export function isPassing(error: unknown): boolean {
  const passing: readonly FailureCode[] = ["world.not-running", "network.unreachable"];
  return error instanceof Failure && passing.includes(error.code);
}

function changeOf({ event, data }: StreamMessage): Change {
  const value = parseJson(data);
  const parsed =
    event === "status" ? contract.status.safeParse(value) : contract.event.safeParse(value);
  if (!parsed.success) {
    const message = `The controller's ${event} is not understood`;
    throw new Failure("network.message-invalid", message, { cause: parsed.error });
  }
  return event === "status"
    ? { kind: "status", status: parsed.data as contract.ApiStatus }
    : { kind: "event", event: parsed.data as contract.ApiEvent };
}

function failureOf(text: string, status: number): Failure {
  const { data } = contract.problem.safeParse(parseJson(text));
  if (!data) {
    const message = `Something that is not a Leeward controller answered with status ${status}`;
    return new Failure("network.message-invalid", message);
  }
  // A newer controller may know more codes than this client.
  if (isFailureCode(data.code)) return new Failure(data.code, data.message);
  return new Failure("network.peer-failed", `${data.message} (${data.code}). ${data.hint}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
