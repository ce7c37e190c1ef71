import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { Failure } from "../model/failure.ts";
import { launchAnswer, type LaunchAnswer, type LaunchOptions } from "../supervisor/launch.ts";
import { thisProgram } from "../supervisor/this-program.ts";
import type { Frame } from "./frame.ts";

type Launched =
  | (Extract<LaunchAnswer, { kind: "serving" }> & { readonly pid: number })
  | Extract<LaunchAnswer, { kind: "failed" }>;

/** Starts a supervisor that outlives this command; settles when its API serves, or it could not. */
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
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const [first] = (await Promise.race([once(lines, "line"), ended])) as [unknown];
  lines.close();
  child.stdout.destroy();
  if (typeof first !== "string" || child.pid === undefined) {
    throw new Failure("world.start-failed", `The supervisor ended with exit code ${String(first)}`);
  }
  const answer = launchAnswer.parse(JSON.parse(first));
  if (answer.kind === "failed") {
    // It ends right after these words; who reads ours may rely on it.
    await ended;
    return answer;
  }
  child.unref();
  return { ...answer, pid: child.pid };
}
