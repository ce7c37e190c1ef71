/**
 * What a session listens to. As in PostgreSQL, LISTEN and UNLISTEN count from the commit on, and a session hears
 * nothing inside a transaction: what comes meanwhile waits for its end. Nor is it told anything amid an answer.
 */
import type { Listener, SessionHome } from "./session-home.ts";
import type { SessionTransaction } from "./session-transaction.ts";

/** 8 MiB, a thousand of the largest notifications: who stays in a transaction for longer than this is ended. */
const waitingBytesMax = 8_388_608;

export type ChannelDoors = {
  readonly write: (message: Buffer) => void;
  /** Whether a notification may be sent now. */
  readonly isFree: () => boolean;
  readonly overflow: (bytes: number) => void;
};

export class SessionChannels implements Listener {
  readonly #home: Pick<SessionHome, "listen" | "unlisten">;
  readonly #transaction: SessionTransaction;
  readonly #doors: ChannelDoors;
  /** Also those of a transaction that is open. */
  readonly #asked = new Set<string>();
  #waiting: Buffer[] = [];
  #waitingBytes = 0;

  constructor(
    home: Pick<SessionHome, "listen" | "unlisten">,
    transaction: SessionTransaction,
    doors: ChannelDoors,
  ) {
    this.#home = home;
    this.#transaction = transaction;
    this.#doors = doors;
  }

  /** @throws Failure when nobody can listen to it now */
  async listen(channel: string): Promise<void> {
    this.#asked.add(channel);
    await this.#home.listen(channel, this);
  }

  /** Those that the session listens to, or will, and nobody was asked for yet. */
  get missing(): readonly string[] {
    const { channels } = this.#transaction;
    return channels.size === 0 ? [] : [...channels].filter((one) => !this.#asked.has(one));
  }

  /** The session may listen to less than before. */
  changed(): void {
    const { heard, channels } = this.#transaction;
    for (const one of this.#asked) {
      if (heard.has(one) || channels.has(one)) continue;
      this.#asked.delete(one);
      this.#home.unlisten(one, this);
    }
  }

  notified(channel: string, message: Buffer): void {
    if (!this.#transaction.heard.has(channel)) return;
    if (this.#doors.isFree()) return this.#doors.write(message);
    this.#waiting.push(message);
    this.#waitingBytes += message.length;
    if (this.#waitingBytes > waitingBytesMax) this.#doors.overflow(waitingBytesMax);
  }

  /** A notification may be sent now. */
  deliver(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (const message of waiting) this.#doors.write(message);
  }

  leave(): void {
    this.#waiting = [];
    this.#home.unlisten(undefined, this);
  }
}
