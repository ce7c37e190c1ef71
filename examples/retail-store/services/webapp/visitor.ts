/** Who asks for this page, what of it is remembered, and which databases were asked on the way. Lives for one request. */
import type { Answer, Method, ServiceClient } from "../shared/client.ts";
import type { Visit } from "../shared/servers.ts";
import { csrfToken } from "./csrf.ts";
import { isStale, newSession, type Session, type SessionUser } from "./session.ts";

export type Place = { readonly region: string; readonly replica: number };

export type VisitorParts = {
  /** As the cookie brought it; undefined for a stranger. */
  readonly session: Session | undefined;
  /** `SESSION_KEY`. */
  readonly key: string;
  readonly place: Place;
  readonly nowMs: number;
};

export class Visitor {
  readonly place: Place;
  readonly nowMs: number;
  /** Where the page's first read was answered. */
  read: Visit | undefined;
  #session: Session;
  #noted: Partial<Session> = {};
  #hasToBeKept: boolean;
  /** No cookie of ours came. */
  readonly #isStranger: boolean;
  readonly #key: string;

  constructor({ session, key, place, nowMs }: VisitorParts) {
    this.place = place;
    this.nowMs = nowMs;
    this.#key = key;
    this.#isStranger = session === undefined;
    this.#session = session ?? newSession(nowMs);
    this.#hasToBeKept = session !== undefined && isStale(session, nowMs);
  }

  get session(): Session {
    return this.#session;
  }

  get user(): SessionUser | undefined {
    return this.#session.user;
  }

  /** What this request has changed of it. */
  get noted(): Partial<Session> {
    return this.#noted;
  }

  /** Whether the answer has to set the cookie. Strangers who only look get none. */
  get hasToBeKept(): boolean {
    return this.#hasToBeKept;
  }

  /** Whose cart: it stays with a person who is logged in, and else with the session. */
  get cartKey(): string {
    return this.user ? `user:${this.user.id}` : this.#session.id;
  }

  get checkoutId(): string {
    return this.#session.id;
  }

  /** Whose orders. */
  get customer(): string {
    return this.user ? `user:${this.user.id}` : `guest:${this.#session.id}`;
  }

  /** For a form. A stranger who gets one becomes a session: the token is good only with its cookie. */
  formToken(): string {
    this.#hasToBeKept ||= this.#isStranger;
    return csrfToken(this.#session, this.#key);
  }

  remember(part: Partial<Omit<Session, "id" | "at">>): void {
    this.#session = { ...this.#session, ...part };
    this.#noted = { ...this.#noted, ...part };
    this.#hasToBeKept = true;
  }

  /** Another id, at log-in and log-out: to an id that somebody has planted, nothing is added afterwards. */
  renew(user: Omit<SessionUser, "since"> | undefined): void {
    const { seen, wrote, visits } = this.#session;
    this.#session = {
      ...newSession(this.nowMs),
      visits,
      ...(seen === undefined ? {} : { seen }),
      ...(wrote === undefined ? {} : { wrote }),
      ...(user === undefined ? {} : { user: { ...user, since: this.nowMs } }),
    };
    this.#noted = {};
    this.#hasToBeKept = true;
  }

  /**
   * Asks a service in this visitor's name: it shows what this session wrote before.
   * @throws Refusal, Unavailable as `ServiceClient.call`
   */
  async ask<T>(client: ServiceClient, method: Method, path: string, body?: unknown): Promise<T> {
    const { seen } = this.#session;
    const answer = await client.call<T>(method, path, { body, seen });
    this.#note(answer);
    return answer.body;
  }

  #note({ read, wrote, seen }: Omit<Answer<unknown>, "body">): void {
    this.read ??= read;
    if (wrote) this.remember({ wrote: { ...wrote, at: this.nowMs } });
    // A token longer than the cookie has room for would cost the whole session.
    if (seen !== undefined && seen.length <= 300) this.remember({ seen });
  }
}
