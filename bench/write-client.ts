/**
 * A client that writes every 5 ms and finds the writer as a multi-host connection string does: it knows every
 * server's address, asks nobody, and tries them. Its connections are kept ready, as a pool keeps them.
 *
 * Every try is a write, under an id of its own: a server that refuses it is not the writer, and one that
 * acknowledges it is. Servers that are not the writer are tried on ten times a second, also when all is well, so that
 * a second writer cannot stay unseen.
 */
import { monotonicMs } from "./monotonic.ts";
import { WriteHost, type WriteTarget } from "./write-host.ts";
import type { Acknowledgement, FailedWrite, WriteLog } from "./write-log.ts";

const everyMs = 5;
/** Ten times what a commit takes here: after that, an answer that is owed keeps nobody from trying elsewhere. */
const patienceMs = 50;
const lookElsewhereEveryMs = 100;

export class WriteClient {
  readonly #hosts: readonly WriteHost[];
  readonly #triedMs = new Map<WriteHost, number>();
  #writer: WriteHost | undefined;
  #isWell = false;
  #nextId: number;
  #acknowledged: Acknowledgement[] = [];
  #failed: FailedWrite[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** @param firstId no row of the table has this id or a higher one */
  constructor(target: WriteTarget, firstId: number) {
    this.#nextId = firstId;
    this.#hosts = target.hosts.map((host) => new WriteHost(target, host));
    this.#timer = setInterval(() => this.#tick(), everyMs);
  }

  /** Everything since the last time. */
  take(): WriteLog {
    const log = { acknowledged: this.#acknowledged, failed: this.#failed };
    this.#acknowledged = [];
    this.#failed = [];
    return log;
  }

  /** The last acknowledgement that was not taken yet. */
  get last(): Acknowledgement | undefined {
    return this.#acknowledged.at(-1);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#hosts.map((host) => host.close()));
  }

  #tick(): void {
    const nowMs = monotonicMs();
    const writer = this.#writer;
    const triedMs = (writer && this.#triedMs.get(writer)) ?? -Infinity;
    const isOwed = nowMs - triedMs > patienceMs;
    for (const host of this.#hosts) {
      if (!host.isIdle) continue;
      const sinceMs = nowMs - (this.#triedMs.get(host) ?? -Infinity);
      const isDue = host === writer || !this.#isWell || isOwed || sinceMs >= lookElsewhereEveryMs;
      if (isDue) void this.#write(host, nowMs);
    }
  }

  async #write(host: WriteHost, nowMs: number): Promise<void> {
    const id = this.#nextId;
    this.#nextId += 1;
    this.#triedMs.set(host, nowMs);
    const wasToWriter = host === this.#writer;
    const written = await host.write(id);
    if (written.kind === "acknowledged") {
      const { sentMs, ackMs } = written;
      this.#acknowledged.push({ id, host: host.host, sentMs, ackMs, ackWallMs: Date.now() });
      this.#writer = host;
      this.#isWell = true;
    } else {
      const { sentMs, failedMs, code } = written;
      this.#failed.push({ id, host: host.host, sentMs, failedMs, code, wasToWriter });
      // Another one may have taken its place while this failed.
      if (host === this.#writer) this.#isWell = false;
    }
  }
}
