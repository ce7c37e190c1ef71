/** How `leeward up --detach` leaves a supervisor behind. */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { withDeadline } from "../env/deadline.ts";
import { Failure } from "../model/failure.ts";
import { launchAnswer, type LaunchAnswer, type LaunchOptions } from "../supervisor/launch.ts";
import { thisProgram } from "../supervisor/this-program.ts";
import type { Frame } from "./frame.ts";

type Child = ChildProcessByStdio<null, Readable, null>;

type Launched =
  | (Extract<LaunchAnswer, { kind: "serving" }> & { readonly pid: number })
  | Extract<LaunchAnswer, { kind: "failed" }>;

/** 60 s: the controller has 30 s to serve; before it come the looks at the machine, of some seconds at worst. */
const launchTimeoutMs = 60_000;

/**
 * Starts a supervisor that outlives this command; settles when its API serves, or it could not.
 * @throws Failure `world.start-failed`; the supervisor is then told to end, as when the command is
 */
export async function launchInBackground(frame: Frame, launch: LaunchOptions): Promise<Launched> {
  const [command = "", ...args] = [
    ...thisProgram(),
    "internal",
    "supervisor",
    JSON.stringify(launch),
  ];
  const child = spawn(command, args, {
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
    env: frame.env,
    cwd: "/",
  });
  const ms = launchTimeoutMs;
  const expired = (): Failure =>
    new Failure("world.start-failed", `The supervisor said nothing within ${ms} ms`);
  try {
    return await withDeadline(frame.clock, { ms, expired }, frame.signal, () => firstWords(child));
  } catch (error) {
    // Half a world that nobody waits for takes itself down.
    if (child.pid !== undefined) child.kill("SIGTERM");
    child.stdout.destroy();
    child.unref();
    throw error;
  }
}

async function firstWords(child: Child): Promise<Launched> {
  // `close`, not `exit`: what it said last may still be in the pipe when it has ended.
  const ended = once(child, "close").catch((cause: unknown) => {
    throw new Failure("world.start-failed", "Could not start the supervisor", { cause });
  });
  const lines = createInterface({ input: child.stdout });
  const [first] = (await Promise.race([once(lines, "line"), ended])) as [unknown];
  lines.close();
  child.stdout.destroy();
  if (typeof first !== "string" || child.pid === undefined) {
    const how = child.signalCode ?? `exit code ${child.exitCode}`;
    throw new Failure("world.start-failed", `The supervisor ended without a word (${how})`);
  }
  const answer = launchAnswer.parse(JSON.parse(first));
  if (answer.kind === "failed") {
    // It ends right after these words; who reads ours may rely on it.
    await ended;
    return answer;
  }
  // Nobody looks when it ends, later.
  ended.catch(() => undefined);
  child.unref();
  return { ...answer, pid: child.pid };
}
