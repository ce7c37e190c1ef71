/** One request sent to one endpoint. What comes of it is told to its exchange, once, and not after it was abandoned. */
import type { Duplex, Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { describeError } from "../model/failure.ts";
import type { Endpoint } from "./endpoint.ts";
import { isEvidence } from "./evidence.ts";
import type { Live } from "./live-list.ts";
import type { RequestHead } from "./request-head.ts";
import type { UpstreamConnection } from "./upstream-connections.ts";

export type RawFields = readonly (Buffer | string)[];

export type AttemptFailure = {
  /** The request, or a part of it, may have reached somebody. */
  readonly wasSent: boolean;
  readonly isLate: boolean;
  /** It says something about the endpoint, and not only about a connection that had rested too long. */
  readonly isEvidence: boolean;
  readonly because: string;
};

export interface AttemptEvents {
  answered(attempt: Attempt, status: number, headers: RawFields): void;
  /** False: wait until `resume`. */
  passed(attempt: Attempt, piece: Buffer): boolean;
  ended(attempt: Attempt, trailers: RawFields): void;
  changedProtocol(attempt: Attempt, headers: RawFields, socket: Duplex): void;
  failed(attempt: Attempt, failure: AttemptFailure): void;
  /** Whether somebody else could be asked, were this attempt to fail now. */
  couldMove(attempt: Attempt, wasSent: boolean): boolean;
}

/** One for all: a stack trace for each would cost more than the rest, and nobody reads it. */
const givenUp = new Error("the request was given up");

export class Attempt implements Dispatcher.DispatchHandler, Live {
  readonly endpoint: Endpoint;
  readonly #events: AttemptEvents;
  #connection: UpstreamConnection | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #wasSent = false;
  #isOver = false;
  isAnswering = false;
  place = -1;

  constructor(endpoint: Endpoint, events: AttemptEvents) {
    this.endpoint = endpoint;
    this.#events = events;
  }

  start(head: RequestHead, body: Readable | undefined): void {
    this.endpoint.enter(this);
    const connection = this.endpoint.connections.take();
    if (connection === undefined) {
      return this.#fail({
        isLate: false,
        isEvidence: false,
        because: "it has too many connections",
      });
    }
    this.#connection = connection;
    const { method, path, headers, upgrade } = head;
    const options: Dispatcher.DispatchOptions = {
      method,
      path,
      headers,
      body: body ?? null,
      blocking: false,
      // A server that answers HEAD or GET with a body as it should can keep its connection.
      ...(upgrade === undefined ? { reset: false } : { upgrade }),
    };
    connection.client.dispatch(options, this);
  }

  resume(): void {
    if (!this.#isOver) this.#controller?.resume();
  }

  moveOn(because: string): void {
    if (!this.isAnswering && this.#events.couldMove(this, this.#wasSent)) this.abandon(because);
  }

  abandon(because: string): void {
    if (this.#isOver) return;
    const failure = { wasSent: this.#wasSent, isLate: true, isEvidence: false, because };
    this.giveUp();
    this.#events.failed(this, failure);
  }

  /** Ends it without a word. */
  giveUp(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.endpoint.leave(this);
    // A connection that is not open yet is found out in `onRequestStart`.
    this.#controller?.abort(givenUp);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isOver) controller.abort(givenUp);
    else this.#wasSent = true;
  }

  /** The words beside the status are not passed on: nobody may rely on them, and they may hold anything. */
  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    // 103 and the like are not passed on.
    if (this.#isOver || status < 200) return;
    // What the client's side does not take (a control character, say) is thrown here, and was no answer.
    this.#events.answered(this, status, fieldsOf(controller.rawHeaders));
    this.isAnswering = true;
  }

  onResponseData(controller: Dispatcher.DispatchController, piece: Buffer): void {
    if (!this.#isOver && !this.#events.passed(this, piece)) controller.pause();
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    this.#giveBack();
    if (this.#isOver) return;
    this.#isOver = true;
    this.endpoint.leave(this);
    this.endpoint.answered();
    this.#events.ended(this, fieldsOf(controller.rawTrailers));
  }

  onRequestUpgrade(
    controller: Dispatcher.DispatchController,
    _: number,
    _headers: unknown,
    socket: Duplex,
  ): void {
    this.#giveBack();
    if (this.#isOver) return void socket.destroy();
    this.#isOver = true;
    this.endpoint.leave(this);
    this.endpoint.answered();
    this.#events.changedProtocol(this, fieldsOf(controller.rawHeaders), socket);
  }

  onResponseError(_: Dispatcher.DispatchController | undefined, error: Error): void {
    const isFresh = this.#connection?.isFresh !== false;
    const tells = isEvidence(error, { wasSent: this.#wasSent, isFresh });
    this.#giveBack();
    if (this.#isOver) return;
    this.#fail({ isLate: isTimeout(error), isEvidence: tells, because: describeError(error) });
  }

  #fail(failure: Omit<AttemptFailure, "wasSent">): void {
    this.#isOver = true;
    this.endpoint.leave(this);
    this.#events.failed(this, { ...failure, wasSent: this.#wasSent });
  }

  #giveBack(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#connection = undefined;
    if (this.isAnswering) connection.isFresh = false;
    this.endpoint.connections.giveBack(connection);
  }
}

const fieldsOf = (raw: unknown): RawFields => (Array.isArray(raw) ? (raw as RawFields) : []);

const isTimeout = (error: Error): boolean => error.name.endsWith("TimeoutError");
