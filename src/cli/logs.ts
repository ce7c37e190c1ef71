/** `leeward logs`: what the programs and every PostgreSQL wrote, merged by time. */
import { Command, InvalidArgumentError } from "commander";
import { findWorld } from "./context.ts";
import { printLine, type Frame, type Run } from "./frame.ts";
import { findLogs, type LogFile } from "./log-files.ts";
import { logLineAsJson, mergeLogs, readLogLine, showLogLine, type LogLine } from "./log-line.ts";
import { LogTail } from "./log-tail.ts";

/** 250 ms between looks at the files: a person sees a line at once, and a look costs little. */
const lookEveryMs = 250;
const linesMax = 5_000;

type LogOptions = { readonly follow?: true; readonly lines: number };

export function logsCommand(run: Run): Command {
  return new Command("logs")
    .description("Show what the programs of a world and its PostgreSQL servers logged.")
    .argument(
      "[who]",
      "a Region, a service, controller, network or supervisor; left out: everything",
    )
    .option("-f, --follow", "go on with what is logged")
    .option("-n, --lines <number>", "at most so many lines of the past", lines, 100)
    .addHelpText(
      "after",
      `
Examples:
  leeward logs us-east-1 --follow
  leeward logs controller -n 20 --json`,
    )
    .action((who: string | undefined, options: LogOptions) =>
      run((frame) => logs(frame, who, options)),
    );
}

async function logs(
  frame: Frame,
  who: string | undefined,
  { follow, lines: most }: LogOptions,
): Promise<void> {
  const layout = findWorld(frame);
  const files = findLogs(layout, who);
  const tails = new Map(files.map((file) => [file.path, new LogTail(file.path)]));
  const past = files.map((file) => read(file, tails.get(file.path)?.last(most) ?? []));
  const merged = mergeLogs(past);
  print(frame, most === 0 ? [] : merged.slice(-most), files);
  if (follow !== true) return;
  while (!frame.signal.aborted) {
    await frame.clock.sleep(lookEveryMs, frame.signal).catch(() => undefined);
    // A Region that is started for the first time makes new files.
    const present = findLogs(layout, who);
    for (const { path } of present) if (!tails.has(path)) tails.set(path, new LogTail(path));
    const news = present.map((file) => read(file, tails.get(file.path)?.news() ?? []));
    print(frame, mergeLogs(news), present);
  }
}

function read({ source }: LogFile, texts: readonly string[]): readonly LogLine[] {
  return texts.map((text) => readLogLine(source, text));
}

function print(frame: Frame, found: readonly LogLine[], files: readonly LogFile[]): void {
  const sourceWidth = Math.max(0, ...files.map(({ source }) => source.length));
  const look = { colors: frame.colors, nowMs: frame.clock.wallMs(), sourceWidth };
  for (const line of found) {
    printLine(frame, frame.options.json ? logLineAsJson(line) : showLogLine(line, look));
  }
}

function lines(text: string): number {
  const amount = Number(text);
  if (Number.isInteger(amount) && amount >= 0 && amount <= linesMax) return amount;
  throw new InvalidArgumentError(`It must be a whole number from 0 to ${linesMax}.`);
}
