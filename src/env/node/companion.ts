/**
 * How a program begins and ends that its Region's agent has started and that outlives the agent: it has no lifeline,
 * and ends with the first process of the Region.
 */
import type { z } from "zod";
import { describeError, Failure } from "../../model/failure.ts";
import type { Log } from "../env.ts";
import { nodeClock } from "./clock.ts";
import { nodeLog } from "./log.ts";
import { isProcessAlive } from "./process-life.ts";
import { readSettings } from "./program.ts";

/** sysexits(3) EX_TEMPFAIL: another one of this Region still runs. Its agent looks for that one then. */
const anotherRuns = 75;
const crashed = 70;
/** 500 ms between looks: what outlives its Region must not outlive it for long. */
const hostEveryMs = 500;

export type CompanionContext<T> = {
  readonly settings: T;
  readonly log: Log;
  /** Aborts when it is told to end, and when its Region is gone. */
  readonly end: AbortController;
  /** Whose end is the Region's; whoever started it, until the agent says better. */
  readonly host: { pid: number };
};

type Settings = { readonly logLevel: string; readonly region: string | undefined };

/** Runs `body` until it settles, then ends the process. */
export async function runCompanion<S extends z.ZodType<Settings>>(
  name: string,
  schema: S,
  settingsPath: string,
  body: (context: CompanionContext<z.output<S>>) => Promise<void>,
): Promise<void> {
  const settings = readSettings(schema, settingsPath);
  const log = nodeLog(name, settings.logLevel).child({ region: settings.region });
  const die = (error: unknown): never => {
    const stack = error instanceof Error ? error.stack : undefined;
    log.error("program.crashed", { error: describeError(error), stack });
    process.exit(crashed);
  };
  process.on("uncaughtException", die);
  process.on("unhandledRejection", die);
  const end = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => end.abort(new Error(`it was told to end by ${signal}`)));
  }
  log.info("program.started", { pid: process.pid });
  const host = { pid: process.ppid };
  try {
    await Promise.all([body({ settings, log, end, host }), watchHost(host, end)]);
  } catch (error) {
    if (error instanceof Failure && error.code === "network.address-in-use") {
      log.info("program.another-runs", { error: describeError(error) });
      process.exit(anotherRuns);
    }
    die(error);
  }
  log.info("program.ended");
  process.exit(0);
}

/** Ends it with the first process of its Region, also where no namespace does so. */
async function watchHost(host: { readonly pid: number }, end: AbortController): Promise<void> {
  while (!end.signal.aborted) {
    if (!isProcessAlive(host.pid)) end.abort(new Error("the Region has ended"));
    await nodeClock.sleep(hostEveryMs, end.signal).catch(() => undefined);
  }
}
