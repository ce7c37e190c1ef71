/** The prompt of `leeward psql` on a terminal: history, statements of several lines, Ctrl-C. */
import { createInterface } from "node:readline";
import { join } from "node:path";
import { Failure } from "../model/failure.ts";
import { printLine, type Frame } from "./frame.ts";
import { SqlInput } from "./sql-input.ts";
import type { SqlRunner } from "./sql-runner.ts";
import type { SqlSession } from "./sql-session.ts";

/** 500 lines: what a person may look for again. */
const historyLines = 500;

export type Prompt = {
  /** `orders@us-east-1`. */
  readonly name: string;
  readonly stateDirectory: string;
};

export async function promptForever(
  frame: Frame,
  session: SqlSession,
  runner: SqlRunner,
  prompt: Prompt,
): Promise<void> {
  const input = new SqlInput();
  // Beside the state and as private: statements may hold secrets.
  const historyPath = join(prompt.stateDirectory, "psql-history");
  const reader = createInterface({
    input: frame.input,
    output: process.stdout,
    terminal: true,
    historySize: historyLines,
    removeHistoryDuplicates: true,
    history: (frame.files.read(historyPath) ?? "").split("\n").filter(Boolean).toReversed(),
  });
  let history: readonly string[] = [];
  reader.on("history", (lines: readonly string[]) => (history = lines));
  const ask = (): void => {
    reader.setPrompt(`${prompt.name}${input.isInside ? "->" : "=>"} `);
    reader.prompt();
  };
  reader.on("SIGINT", () => {
    if (session.isRunning) return void session.cancel();
    input.forget();
    reader.write(null, { ctrl: true, name: "u" });
    frame.out.write("^C\n");
    return ask();
  });
  const stop = (): void => reader.close();
  frame.signal.addEventListener("abort", stop, { once: true });
  try {
    ask();
    for await (const line of reader) {
      if ((await runLine(frame, runner, () => input.line(line))) === "quit") break;
      ask();
    }
  } finally {
    frame.signal.removeEventListener("abort", stop);
    reader.close();
    if (history.length > 0)
      frame.files.write(historyPath, `${history.toReversed().join("\n")}\n`, 0o600);
  }
}

/** At a prompt, an error is an answer like any other. A connection that broke is the end. */
async function runLine(
  frame: Frame,
  runner: SqlRunner,
  pieces: () => ReturnType<SqlInput["line"]>,
): Promise<"go-on" | "quit"> {
  try {
    return await runner.run(pieces());
  } catch (error) {
    if (!(error instanceof Failure) || error.code === "network.unreachable") throw error;
    printLine(frame, error.message);
    return "go-on";
  }
}
