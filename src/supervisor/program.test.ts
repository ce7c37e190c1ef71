/** Real child processes: small scripts of node that speak over descriptor 3. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RecordingLog } from "../../sim/log.ts";
import type { Json } from "../env/env.ts";
import { withDeadline } from "../env/deadline.ts";
import { nodeClock } from "../env/node/clock.ts";
import { identify, isAlive } from "../env/node/process-id.ts";
import { Program } from "./program.ts";

const never = new AbortController().signal;

/** Says hello with its pid, repeats what it hears, ends when it is told to. */
const echo = `
  import { Socket } from "node:net";
  import { createInterface } from "node:readline";
  const line = new Socket({ fd: 3, readable: true, writable: true });
  line.on("close", () => process.exit(0));
  createInterface({ input: line }).on("line", (text) => {
    if (JSON.parse(text).kind === "stop") process.exit(0);
    line.write(text + "\\n");
  });
  line.write(JSON.stringify({ kind: "hello", pid: process.pid }) + "\\n");`;

let directory: string;
let end: AbortController;
let log: RecordingLog;
let heard: Json[];
let starts: number;
let program: Program;
let running: Promise<void>;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "leeward-program-"));
  end = new AbortController();
  log = new RecordingLog();
  heard = [];
  starts = 0;
});

afterEach(async () => {
  end.abort();
  await running;
  rmSync(directory, { recursive: true });
});

function run(script: string, logPath = join(directory, "log")): void {
  program = new Program(
    {
      name: "echo",
      command: [process.execPath, "--input-type=module", "-e", script],
      logPath,
      environment: {},
    },
    { onMessage: (message) => heard.push(message), onStart: () => (starts += 1) },
    { clock: nodeClock, log },
  );
  running = program.run(end.signal);
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadline = { ms: 10_000, expired: () => new Error(`not within 10 s: ${what}`) };
  await withDeadline(nodeClock, deadline, never, async (signal) => {
    while (!isSo()) await nodeClock.sleep(5, signal);
  });
}

test("a program hears and is heard, and ends when it is told to", async () => {
  run(echo);
  await until("hello", () => heard.length === 1);
  program.send({ kind: "power" });
  await until("the echo", () => heard.length === 2);
  expect(heard[1]).toEqual({ kind: "power" });
  await program.stop();
  expect(program.pid).toBeUndefined();
  await running;
  expect(starts).toBe(1);
});

test("a program that is killed, with words of ours unread, is started again", async () => {
  run(echo);
  await until("hello", () => heard.length === 1);
  const pid = program.pid ?? 0;
  process.kill(pid, "SIGSTOP");
  for (let said = 0; said < 100; said += 1) program.send({ kind: "power", said });
  process.kill(pid, "SIGKILL");
  await until("a second hello", () => heard.length === 2);
  expect(starts).toBe(2);
  expect(program.pid).not.toBe(pid);
  expect(log.lines).toContainEqual(
    expect.objectContaining({
      event: "supervisor.program-ended",
      fields: expect.objectContaining({ how: "killed by SIGKILL", restartInMs: 100 }) as unknown,
    }),
  );
});

test("a program that talks nonsense is hung up on, and does no harm", async () => {
  run(`
    import { writeSync } from "node:fs";
    writeSync(3, "this is no JSON\\n");
    setInterval(() => {
      try { writeSync(3, "\\n"); } catch { process.exit(0); }
    }, 10);`);
  await until("two starts", () => starts >= 2);
  expect(heard).toEqual([]);
});

test("a program whose log cannot be opened is tried again, and does not end the supervisor", async () => {
  run(echo, join(directory, "none", "log"));
  const ends = (): number =>
    log.lines.filter(({ event }) => event === "supervisor.program-ended").length;
  await until("two attempts", () => ends() >= 2);
  expect(starts).toBe(0);
});

test("a program is killed when the supervisor ends in haste, and its output is in its log", async () => {
  run(`console.log("I said this"); ${echo}`);
  await until("hello", () => heard.length === 1);
  const one = identify(program.pid ?? 0);
  end.abort();
  await running;
  expect(one && isAlive(one)).toBe(false);
  expect(readFileSync(join(directory, "log"), "utf8")).toBe("I said this\n");
});
