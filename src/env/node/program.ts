/** How every program of the world begins and ends: its settings, its log, its lifeline, and loud bugs. */
import { z } from "zod";
import { describeError, Failure } from "../../model/failure.ts";
import type { Json, Log } from "../env.ts";
import { Inbox } from "./inbox.ts";
import { nodeFiles } from "./files.ts";
import { openLifeline, type Lifeline } from "./lifeline.ts";
import { nodeLog } from "./log.ts";

export type ProgramContext<T> = {
  readonly settings: T;
  readonly log: Log;
  /** Aborts when the supervisor asks for a clean end. */
  readonly signal: AbortSignal;
  readonly lifeline: Lifeline;
  /** Messages of the supervisor other than `stop`, from the first on. One listener. */
  readonly onMessage: (listener: (message: Json) => void) => void;
  /** What is to be taken down, at once and without waiting, when the supervisor is gone. */
  readonly onOrphaned: (takeDown: () => void) => void;
};

type Settings = { readonly logLevel: string };

/**
 * Runs `body` until it settles. A supervisor that is gone ends the process at once. A bug ends it with exit code
 * 70, and the supervisor starts it again.
 */
export async function runProgram<S extends z.ZodType<Settings>>(
  name: string,
  schema: S,
  settingsPath: string,
  body: (context: ProgramContext<z.output<S>>) => Promise<void>,
): Promise<void> {
  const settings = readSettings(schema, settingsPath);
  const log = nodeLog(name, settings.logLevel);
  const die = (error: unknown): never => {
    log.error("program.crashed", { error: describeError(error), stack: stackOf(error) });
    process.exit(70);
  };
  process.on("uncaughtException", die);
  process.on("unhandledRejection", die);
  const stop = new AbortController();
  const inbox = new Inbox();
  const lifeline = openLifeline((message) => {
    if (isStop(message)) stop.abort(new Error("the supervisor asked for a clean end"));
    else inbox.put(message);
  });
  let onOrphaned = (): void => undefined;
  lifeline.cut.addEventListener("abort", () => {
    onOrphaned();
    process.exit(0);
  });
  log.info("program.started", { pid: process.pid });
  try {
    await body({
      settings,
      log,
      signal: stop.signal,
      lifeline,
      onMessage: (listener) => inbox.listen(listener),
      onOrphaned: (takeDown) => {
        onOrphaned = takeDown;
      },
    });
  } catch (error) {
    if (!stop.signal.aborted) die(error);
  }
  log.info("program.ended");
  process.exit(0);
}

/** @throws Failure `state.damaged` */
export function readSettings<S extends z.ZodType>(schema: S, path: string): z.output<S> {
  const text = nodeFiles.read(path);
  if (text === undefined) throw new Failure("state.damaged", `There are no settings in ${path}`);
  const settings = z.safeDecode(schema, parseJson(text, path) as z.input<S>);
  if (settings.success) return settings.data;
  throw new Failure(
    "state.damaged",
    `Could not understand the settings in ${path}: ${z.prettifyError(settings.error)}`,
  );
}

/** The parser's own words would quote the text, and there are tokens and passwords in it. */
function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Failure("state.damaged", `The settings in ${path} are not JSON`);
  }
}

function isStop(message: Json): boolean {
  return (
    typeof message === "object" &&
    message !== null &&
    "kind" in message &&
    message["kind"] === "stop"
  );
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}
