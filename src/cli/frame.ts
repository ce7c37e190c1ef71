/** What every command runs in: where it prints, what it was told globally, and how its failures end it. */
import pico from "picocolors";
import { describeError, Failure } from "../model/failure.ts";
import type { Machine } from "./machine.ts";

export type GlobalOptions = {
  readonly json: boolean;
  /** `--state DIR`. */
  readonly state: string | undefined;
  readonly color: boolean;
};

export type Colors = ReturnType<typeof pico.createColors>;

export type Frame = Machine & {
  readonly options: GlobalOptions;
  /** For standard output; plain text where it is no terminal. */
  readonly colors: Colors;
  /** Aborts when the user ends the command (Ctrl-C) or the machine does. */
  readonly signal: AbortSignal;
};

/** How a command's module is given its frame: it says what to do, and the frame does it. */
export type Run = (work: (frame: Frame) => Promise<void>) => Promise<void>;

export function makeFrame(machine: Machine, options: GlobalOptions, signal: AbortSignal): Frame {
  return { ...machine, options, signal, colors: colorsFor(machine, machine.out.isTty, options) };
}

/** https://no-color.org and its counterpart, FORCE_COLOR. */
function colorsFor({ env }: Machine, isTty: boolean, { color, json }: GlobalOptions): Colors {
  const isWanted = isSet(env["FORCE_COLOR"]) || (isTty && env["TERM"] !== "dumb");
  return pico.createColors(color && !json && !isSet(env["NO_COLOR"]) && isWanted);
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "" && value !== "0";
}

export function printLine(frame: Frame, text: string): void {
  frame.out.write(`${text}\n`);
}

/** One answer of `--json`: indented for a reader who looks at it. */
export function printJson(frame: Frame, value: unknown): void {
  printLine(frame, JSON.stringify(value, undefined, 2));
}

/** One of many: a line of JSON. */
export function printJsonLine(frame: Frame, value: unknown): void {
  printLine(frame, JSON.stringify(value));
}

/** Prints what went wrong on standard error and answers the exit code: of the failure's table, or 70 for a bug. */
export function reportError(machine: Machine, options: GlobalOptions, error: unknown): number {
  const failure = error instanceof Failure ? error : bugAsFailure(error);
  const message = messageOf(failure);
  if (options.json) {
    const problem = { code: failure.code, message, hint: failure.hint };
    machine.err.write(`${JSON.stringify(problem)}\n`);
    return failure.spec.exit;
  }
  const colors = colorsFor(machine, machine.err.isTty, options);
  machine.err.write(`${colors.red("error:")} ${message}\n`);
  if (failure.hint !== "") machine.err.write(`${colors.dim(`hint: ${failure.hint}`)}\n`);
  if (failure.code === "program.failed" && error instanceof Error) {
    machine.err.write(`${colors.dim(error.stack ?? "")}\n`);
  }
  return failure.spec.exit;
}

function messageOf(failure: Failure): string {
  return failure.cause === undefined ? failure.message : describeError(failure);
}

function bugAsFailure(error: unknown): Failure {
  return new Failure("program.failed", describeError(error));
}
