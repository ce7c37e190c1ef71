/**
 * The server process of one instance, from start to end. It outlives this program, and is taken over by the next:
 *
 *   stopped ──start──► starting ──ready──► running ──stop──► stopped
 *      └──────────────────adopt─────────────▲ └──it ends──► ended, stragglers killed
 */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { logTail, sizeOf } from "../env/node/log-end.ts";
import { formatAddress } from "../model/address.ts";
import { Failure } from "../model/failure.ts";
import { assert } from "../std/assert.ts";
import { settingsOf, writeConfiguration } from "./configuration-files.ts";
import { REPLICATION_TIMEOUT_MS, serverArguments } from "./configuration.ts";
import { requireSpace } from "./disk-space.ts";
import { giveTo, inspectInstance } from "./instance-directory.ts";
import { dataOwner, type Instance } from "./instance.ts";
import { openLog } from "./log-file.ts";
import { parsePidFile, type PidFile } from "./pid-file.ts";
import type { StartAs } from "./postgres.ts";
import { processesIn, signalProcess } from "./process-table.ts";
import { runAsPrefix } from "./run-as.ts";
import { adoptedServer, killAllIn, type ServerProcess, spawnServer } from "./server-process.ts";

/** A start takes 0.1 s; after a crash it replays up to a gigabyte of WAL, on a slow disk for minutes. */
const START_MS_MAX = 600_000;

/** Readiness is on disk in a line of a file; looking costs 20 µs. */
const READY_POLL_MS = 5;

/**
 * A clean shutdown waits until each connected secondary has everything. One behind a black hole is given up by the
 * server itself after the replication timeout; this is a little more, so that the shutdown still ends cleanly.
 */
const FAST_STOP_MS_MAX = REPLICATION_TIMEOUT_MS + 5000;

/** Backends leave 20 ms after SIGQUIT; those that do not are killed. */
const IMMEDIATE_STOP_MS_MAX = 1000;

/** A killed process is gone in milliseconds; seconds mean that it hangs in the kernel, on a dead disk. */
const KILL_MS_MAX = 5000;

export class Postmaster {
  readonly #instance: Instance;
  #server: ServerProcess | undefined;
  /** Counted, so that a start that was begun before one does not spawn after it. */
  #fences = 0;

  constructor(instance: Instance) {
    this.#instance = instance;
  }

  isRunning(): boolean {
    return this.#server?.isAlive() ?? false;
  }

  /** Sends SIGHUP. */
  reload(): void {
    if (this.#server?.isAlive()) signalProcess(this.#server.pid, "SIGHUP");
  }

  /**
   * Takes over a server that runs on the data directory; otherwise clears away what a dead one left: stray
   * backends, and a pid file whose number may by now be a stranger's, before which PostgreSQL would give up.
   */
  async adopt(signal: AbortSignal): Promise<boolean> {
    if (this.isRunning()) return true;
    const { data } = this.#instance.paths;
    const pidFile = await this.#readPidFile();
    const found = processesIn(data);
    if (found.some(({ isForeign }) => isForeign)) {
      const because = "a server of another PID namespace runs on it";
      throw new Failure("postgres.start-failed", `${data} cannot be taken over: ${because}`);
    }
    const postmaster = found.find(({ pid }) => pid === pidFile?.pid);
    if (postmaster) {
      this.#server = adoptedServer(postmaster, this.#instance.clock);
      return true;
    }
    await this.#clear(signal);
    await rm(this.#pidFilePath, { force: true });
    return false;
  }

  async start(as: StartAs, signal: AbortSignal): Promise<void> {
    const { paths, runAs, installation, diskReserveBytes } = this.#instance;
    assert(!this.isRunning(), "a server is started that runs");
    const fences = this.#fences;
    if ((await inspectInstance(paths, installation.major)).kind !== "present") {
      const missing = `There is no data directory at ${paths.data} to start on`;
      throw new Failure("postgres.data-missing", missing);
    }
    const prefix = runAsPrefix(runAs);
    if (await this.adopt(signal)) {
      throw new Failure("postgres.start-failed", `A server runs on ${paths.data} already`);
    }
    requireSpace(paths.data, 0, diskReserveBytes);
    await this.#takeOwnership();
    await writeConfiguration(this.#instance, as);
    signal.throwIfAborted();
    const log = await openLog(paths.log);
    const logStart = await sizeOf(paths.log);
    try {
      if (this.#fences !== fences) {
        throw new Failure("postgres.start-failed", `${paths.data} was fenced while it was started`);
      }
      // From here to the spawn nothing is waited for: a fence comes before it, or finds what it spawned.
      const settings = settingsOf(this.#instance, undefined);
      const program = join(installation.binDirectory, "postgres");
      this.#server = spawnServer(
        [...prefix, program, ...serverArguments(paths.data, settings)],
        log.fd,
      );
    } finally {
      await log.close();
    }
    await this.#untilReady(this.#server, logStart, signal);
  }

  /** An earlier start may have run it as another user; only root runs it as anybody but itself. */
  async #takeOwnership(): Promise<void> {
    const [uid, gid] = [process.getuid?.(), process.getgid?.()];
    if (uid !== 0 || gid === undefined) return;
    await giveTo(this.#instance.paths.data, dataOwner(this.#instance) ?? { uid, gid });
  }

  /** Leaves nothing running when it fails or is aborted. */
  async #untilReady(server: ServerProcess, logStart: number, signal: AbortSignal): Promise<void> {
    const { clock, address, paths } = this.#instance;
    const deadline = clock.monotonicMs() + START_MS_MAX;
    try {
      while (server.isAlive() && clock.monotonicMs() < deadline) {
        const pidFile = await this.#readPidFile();
        if (pidFile?.pid === server.pid && pidFile.state === "ready") return;
        await clock.sleep(READY_POLL_MS, signal);
      }
      const how = server.isAlive()
        ? `was not ready after ${START_MS_MAX / 1000} s`
        : await server.ended(signal);
      const said = await logTail(paths.log, logStart);
      throw new Failure(
        "postgres.start-failed",
        `PostgreSQL on ${formatAddress(address)} with ${paths.data} ${how}. Its last words: ${said}`,
      );
    } catch (error) {
      // Not with the signal that may have aborted the start: what was begun has to end.
      await this.stop("immediate", new AbortController().signal);
      throw error;
    }
  }

  /** Answers whether it ended, if it ran, in the way it was asked to, and not only by force. */
  async stop(mode: "fast" | "immediate", signal: AbortSignal): Promise<boolean> {
    const server = this.#server;
    let isAsAsked = true;
    if (server?.isAlive()) {
      const { log, paths } = this.#instance;
      const isClean =
        mode === "fast" && (await this.#end(server, "SIGINT", FAST_STOP_MS_MAX, signal));
      if (mode === "fast" && !isClean) {
        log.warn("postgres.stop-escalated", { data: paths.data, afterMs: FAST_STOP_MS_MAX });
        isAsAsked = false;
      }
      if (!isClean) await this.#end(server, "SIGQUIT", IMMEDIATE_STOP_MS_MAX, signal);
    }
    await this.#clear(signal);
    this.#server = undefined;
    return isAsAsked;
  }

  /**
   * SIGKILL for all of it. The one that was just spawned may not stand in the data directory yet, so it is killed
   * by its number; dead, it makes no others.
   */
  async fence(signal: AbortSignal): Promise<void> {
    this.#fences += 1;
    const server = this.#server;
    if (server?.isAlive()) signalProcess(server.pid, "SIGKILL");
    await this.#clear(signal);
    if (server?.isAlive()) await this.#untilKilled(server, signal);
  }

  async #untilKilled(server: ServerProcess, signal: AbortSignal): Promise<void> {
    if (await this.#end(server, "SIGKILL", KILL_MS_MAX, signal)) return this.#clear(signal);
    const { data } = this.#instance.paths;
    throw new Failure("postgres.stop-failed", `The server of ${data} does not end by SIGKILL`);
  }

  /** Every backend quits at once, without waiting for it: for a process that is about to end itself. */
  abandon(): void {
    if (this.#server?.isAlive()) signalProcess(this.#server.pid, "SIGQUIT");
  }

  /** Settles when the server has ended and the last of its backends with it. */
  async ended(signal: AbortSignal): Promise<string> {
    const server = this.#server;
    if (!server) return "is not running";
    const how = await server.ended(signal);
    // A killed postmaster's backends go on for seconds, and acknowledge.
    if (this.#server === server) await this.#clear(signal);
    return how;
  }

  /** Asks it to end and answers whether it did in time. */
  async #end(
    server: ServerProcess,
    request: "SIGINT" | "SIGQUIT" | "SIGKILL",
    withinMs: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    const over = new AbortController();
    const waiting = AbortSignal.any([signal, over.signal]);
    signalProcess(server.pid, request);
    const ended = server.ended(waiting).then(() => true);
    const tooLate = this.#instance.clock.sleep(withinMs, waiting).then(() => false);
    try {
      return await Promise.race([ended, tooLate]);
    } finally {
      over.abort();
      // Both reject once they are no longer waited for.
      await Promise.allSettled([ended, tooLate]);
    }
  }

  /** @throws Failure `postgres.stop-failed` when a process does not even end by SIGKILL */
  async #clear(signal: AbortSignal): Promise<void> {
    const { paths, clock } = this.#instance;
    if (await killAllIn(paths.data, clock, signal)) return;
    throw new Failure(
      "postgres.stop-failed",
      `Processes in ${paths.data} do not end, even by SIGKILL`,
    );
  }

  get #pidFilePath(): string {
    return join(this.#instance.paths.data, "postmaster.pid");
  }

  async #readPidFile(): Promise<PidFile | undefined> {
    return parsePidFile(await readFile(this.#pidFilePath, "utf8").catch(() => ""));
  }
}
