/** Operations in words. Pure. */
import type { ApiEstimatedLoss, ApiOperation, ApiOperationKind } from "../api/operations-api.ts";
import { unreachable } from "../std/assert.ts";
import type { Colors } from "./frame.ts";
import { count, formatBytes, formatDuration, padStart, table } from "./output.ts";

type Step = ApiOperation["steps"][number];

/** `3 transactions, 1.2 KiB, 40 ms`, or `nothing`; a loss that could not be counted to its end is `at least` that. */
export function lossText(loss: ApiEstimatedLoss | null): string {
  if (loss === null) return "not known";
  const { transactions, bytes, ms, isExact } = loss;
  if (transactions === 0 && isExact) return "nothing";
  const parts = [count(transactions, "transaction"), formatBytes(bytes), formatDuration(ms)];
  return `${isExact ? "" : "at least "}${parts.join(", ")}`;
}

/** 2 s: a writer that is heard reports each second; older than that, it may have written more since. */
const freshMs = 2_000;

/** With how old it is, where that matters. */
export function datedLossText(loss: ApiEstimatedLoss | null): string {
  const isOld = loss !== null && loss.sampleAgeMs > freshMs;
  const age = isOld
    ? `, and whatever was written in the ${formatDuration(loss.sampleAgeMs)} since it was last heard`
    : "";
  return `${lossText(loss)}${age}`;
}

export function endedSteps({ steps, phase }: ApiOperation): readonly Step[] {
  return phase === "ended" ? steps : steps.slice(0, -1);
}

/** Those that ended and whose time is known: the claim's comes to the journal with the end of the step after it. */
export function toldSteps(operation: ApiOperation): readonly Step[] {
  const ended = endedSteps(operation);
  const last = ended.at(-1);
  const isOpen = operation.phase !== "ended" && last?.name === "claim" && last.ms === null;
  return isOpen ? ended.slice(0, -1) : ended;
}

/** `hand-over (412 ms): us-west-2 replayed to 0/3000148`. */
export function stepText({ name, ms, because }: Step): string {
  const took = ms === null ? "" : ` (${formatDuration(ms)})`;
  return `${name}${took}${because === "" ? "" : `: ${because}`}`;
}

/** One line for each step: those that ended, and the present one with what it waits for. */
export function stepLines(operation: ApiOperation, colors: Colors): readonly string[] {
  const ended = endedSteps(operation).length;
  return table(
    operation.steps.map(({ name, ms, because }, index) => {
      const isEnded = index < ended;
      const isLast = index === operation.steps.length - 1;
      return [
        `  ${isEnded ? endMark(operation, isLast, colors) : colors.yellow("…")} ${name}`,
        padStart(ms === null ? "" : formatDuration(ms), 7),
        isEnded ? colors.dim(because) : operation.because,
      ];
    }),
  );
}

/** What was rolled back, was so because of its last step. */
function endMark({ outcome }: ApiOperation, isLast: boolean, colors: Colors): string {
  const isBad = isLast && (outcome === "rolled-back" || outcome === "failed");
  return isBad ? colors.red("✗") : colors.green("✓");
}

export function headline({ database, kind, from, to, id }: ApiOperation): string {
  const what = isMove(kind) ? `${kind} from ${from} to ${to}` : `${kind} ${to}`;
  return `${database}: ${what} (${id})`;
}

/** What came of it, for a person who asked for it. */
export function outcomeText(operation: ApiOperation): string {
  const { outcome, database, because, id } = operation;
  switch (outcome) {
    case "running":
      return `${id} goes on: ${because}`;
    case "completed":
      return `${database}: ${completed(operation)}`;
    case "rolled-back":
      return `${id} was rolled back: ${because}`;
    case "failed":
      return `${id} failed: ${because}`;
    default:
      return unreachable(outcome);
  }
}

function completed(operation: ApiOperation): string {
  const { kind, database, to, epoch, writePauseMs } = operation;
  const isPrimary = `${to} is the primary (epoch ${epoch + 1})`;
  const pause =
    writePauseMs === null ? "" : `; nobody could write for ${formatDuration(writePauseMs)}`;
  switch (kind) {
    case "switchover":
      return `${isPrimary}, nothing was lost${pause}`;
    case "failover":
      return `${isPrimary}; ${leftBehind(operation)}${pause}`;
    case "detach":
      return `${to} left it and stands alone as ${database}-${to}`;
    case "add":
      return `${to} belongs to it; its clone is under way`;
    case "rejoin":
      return `${to} belongs to it again; what it had is kept, and its clone is under way`;
    case "remove":
      return `${to} left it`;
    default:
      return unreachable(kind);
  }
}

function leftBehind({ from, estimatedLoss }: ApiOperation): string {
  return estimatedLoss === null
    ? `what was left behind in ${from} could not be counted`
    : `left behind in ${from}, as far as is known: ${lossText(estimatedLoss)}`;
}

/** The newest first, as the API answers them. */
export function operationTable(
  operations: readonly ApiOperation[],
  { colors, showInstant }: { readonly colors: Colors; showInstant(text: string): string },
): readonly string[] {
  const head = ["ID", "DATABASE", "FROM", "TO", "OUTCOME", "STARTED", "WRITE PAUSE", "BECAUSE"];
  const rows = operations.map((one) => [
    one.id,
    one.database,
    one.from,
    one.to,
    coloredOutcome(one.outcome, colors),
    showInstant(one.startedAt),
    one.writePauseMs === null ? "" : formatDuration(one.writePauseMs),
    colors.dim(one.because),
  ]);
  return table([head.map((name) => colors.dim(name)), ...rows]);
}

function coloredOutcome(outcome: ApiOperation["outcome"], colors: Colors): string {
  switch (outcome) {
    case "completed":
      return colors.green(outcome);
    case "running":
      return colors.yellow(outcome);
    case "rolled-back":
    case "failed":
      return colors.red(outcome);
    default:
      return unreachable(outcome);
  }
}

export function isMove(kind: ApiOperationKind): boolean {
  return kind === "switchover" || kind === "failover";
}

/** `  ✓ the target streams` and `  ✗ the target is near: us-west-2 is 80000000 bytes behind`. */
export function checkLines(
  checks: readonly {
    readonly name: string;
    readonly isPassed: boolean;
    readonly because: string;
  }[],
  colors: Colors,
): readonly string[] {
  return checks.map(({ name, isPassed, because }) => {
    const mark = isPassed ? colors.green("✓") : colors.red("✗");
    return `  ${mark} ${name}${because === "" ? "" : `: ${because}`}`;
  });
}
