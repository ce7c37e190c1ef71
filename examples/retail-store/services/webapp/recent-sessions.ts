/**
 * What this replica wrote last into cookies. Two tabs that ask at once bring the same cookie, and the answer that comes
 * last would undo what the other one has noted: what reads have to show, the number beside the cart. It is a help and no
 * more: where two replicas answer, the older may come back until the next write.
 */
import type { Session } from "./session.ts";

/** 5,000 of at most 1 kB: more than are in use at once at the rate that one process serves. */
const sessionsMax = 5_000;

export class RecentSessions {
  readonly #sessions = new Map<string, Session>();

  /** `session` as a cookie brought it, or what was written since. */
  newest(session: Session): Session {
    const recent = this.#sessions.get(session.id);
    return recent && recent.at >= session.at ? recent : session;
  }

  /** For the cookie, dated `nowMs`: the newest with what this answer `noted`. The one that was kept the longest time ago makes room. */
  keep(session: Session, noted: Partial<Session>, nowMs: number): Session {
    const kept = { ...this.newest(session), ...noted, at: nowMs };
    this.#sessions.delete(kept.id);
    this.#sessions.set(kept.id, kept);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > sessionsMax && oldest !== undefined) this.#sessions.delete(oldest);
    return kept;
  }
}
