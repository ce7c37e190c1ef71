/** Runs operations side by side, each on its own database, and ends with what came of them. */
import type { ApiStatus } from "../api/api.ts";
import type { ApiOperation } from "../api/operations-api.ts";
import { Failure, type FailureCode } from "../model/failure.ts";
import { knownDatabase, type Connection } from "./context.ts";
import { printJson, printLine, type Frame } from "./frame.ts";
import { OperationReporter } from "./operation-reporter.ts";
import { outcomeText } from "./operation-text.ts";
import { beginOperation, watchOperation, type Wanted } from "./operation-watch.ts";

type Result = {
  readonly database: string;
  /** As it was seen last; undefined when it never began. */
  readonly operation: ApiOperation | undefined;
  /** Undefined when it completed. */
  readonly failure: Failure | undefined;
};

/**
 * Settles when every operation has completed.
 * @throws Failure when one did not; the others go on to their ends first
 */
export async function runOperations(
  frame: Frame,
  { client }: Connection,
  wanted: readonly Wanted[],
): Promise<void> {
  const reporter = new OperationReporter(frame);
  const doors = { client, clock: frame.clock };
  const runOne = async (one: Wanted): Promise<Result> => {
    const { database } = one;
    let operation: ApiOperation | undefined;
    try {
      operation = await beginOperation(doors, one, frame.signal);
      for await (const seen of watchOperation(doors, operation.id, frame.signal)) {
        operation = seen;
        reporter.show(seen);
      }
      return { database, operation, failure: failureOf(operation) };
    } catch (error) {
      if (frame.signal.aborted) sayItGoesOn(frame, one, operation);
      if (frame.signal.aborted || !(error instanceof Failure)) throw error;
      return { database, operation, failure: error };
    }
  };
  try {
    const results = await Promise.all(wanted.map((one) => runOne(one)));
    reporter.done();
    conclude(frame, results);
  } finally {
    reporter.done();
  }
}

function failureOf(operation: ApiOperation): Failure | undefined {
  if (operation.outcome === "completed") return undefined;
  const code: FailureCode =
    operation.outcome === "rolled-back" ? "operation.rolled-back" : "operation.failed";
  return new Failure(code, outcomeText(operation));
}

/** An operation is the controller's: it does not end with the command that asked for it. */
function sayItGoesOn(
  { err, colors }: Frame,
  { database, request }: Wanted,
  operation: ApiOperation | undefined,
): void {
  const words = operation
    ? `${operation.id} goes on; \`leeward operations show ${operation.id} --follow\` watches it`
    : `Whether the ${request.kind} of ${database} has begun is not known; \`leeward operations\` shows it`;
  err.write(`${colors.yellow("note:")} ${words}\n`);
}

function conclude(frame: Frame, results: readonly Result[]): void {
  const operations = results.flatMap(({ operation }) => (operation ? [operation] : []));
  if (frame.options.json && (operations.length > 0 || results.length !== 1)) {
    const refused = results.flatMap(({ database, operation, failure }) =>
      operation || !failure
        ? []
        : [{ database, code: failure.code, message: failure.message, hint: failure.hint }],
    );
    printJson(frame, { operations, refused });
  }
  if (!frame.options.json) {
    for (const operation of operations) {
      if (operation.outcome === "completed") printLine(frame, outcomeText(operation));
    }
  }
  const failed = results.flatMap(({ failure }) => (failure ? [failure] : []));
  const [first] = failed;
  if (!first) return;
  if (results.length === 1) throw first;
  const all = failed.map(({ message }) => message).join("; ");
  const message = `${failed.length} of ${results.length} did not complete: ${all}`;
  throw new Failure(first.code, message);
}

export type Chosen = {
  /** To be moved. */
  readonly databases: readonly string[];
  /** Whose primary Region it is already. */
  readonly there: readonly string[];
};

/**
 * The database that was named, or with `--all` every global one that has a member in `to`.
 * @throws Failure `database.unknown`, `usage.invalid`, `operation.target-invalid`
 */
export function chooseDatabases(
  status: ApiStatus,
  name: string | undefined,
  { all, to }: { readonly all: boolean; readonly to: string },
): Chosen {
  if (all === (name !== undefined)) {
    throw new Failure("usage.invalid", "Name one database, or say --all");
  }
  if (name !== undefined) return { databases: [knownDatabase(status, name)], there: [] };
  const inside = Object.entries(status.databases).filter(
    ([, { kind, members, detachedFrom }]) =>
      kind === "global" && detachedFrom === null && Object.hasOwn(members, to),
  );
  if (inside.length === 0) {
    throw new Failure("operation.target-invalid", `No global database has a member in ${to}`);
  }
  const named = (isThere: boolean): readonly string[] =>
    inside.filter(([, { primary }]) => (primary === to) === isThere).map(([one]) => one);
  return { databases: named(false), there: named(true) };
}

/** What `--all` leaves as it is. */
export function sayThere(frame: Frame, there: readonly string[], to: string): void {
  if (frame.options.json) return;
  for (const database of there) printLine(frame, `${database}: ${to} is its primary already`);
}
