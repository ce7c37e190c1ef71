/** `leeward psql`: SQL in any Region of a world, without needing psql. */
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { Command } from "commander";
import { Failure } from "../model/failure.ts";
import { readWorldSecrets, withWorld } from "./context.ts";
import { printLine, type Frame, type Run } from "./frame.ts";
import { chooseDoor, choosePassword, choosePlace, superuser } from "./psql-target.ts";
import { piecesOf, SqlInput } from "./sql-input.ts";
import { promptForever } from "./sql-prompt.ts";
import { SqlRunner, type SqlFormat } from "./sql-runner.ts";
import { SqlSession, type SqlTarget } from "./sql-session.ts";

type PsqlOptions = {
  readonly region?: string;
  readonly role: string;
  readonly direct?: true;
  readonly command: readonly string[];
  readonly file?: string;
  readonly csv?: true;
};

type Found = { readonly target: SqlTarget; readonly region: string; readonly root: string };

export function psqlCommand(run: Run): Command {
  return new Command("psql")
    .description(
      "Run SQL: statements given, a file, a pipe, or a prompt. Stops at the first error.",
    )
    .argument("<database>", "a database of leeward.yaml")
    .option("--region <region>", "in this Region; left out: where the writer is")
    .option("--role <role>", "as this role", superuser)
    .option("--direct", "past the gateway, to the PostgreSQL of that Region itself")
    .option("-c, --command <sql>", "run this; may be repeated", collect, [])
    .option("-f, --file <file>", "run what this file holds; - is standard input")
    .option("--csv", "print CSV")
    .addHelpText(
      "after",
      `
Examples:
  leeward psql orders
  leeward psql orders -c "CREATE TABLE t (id int)" -c "INSERT INTO t VALUES (1)"
  leeward psql orders --region us-west-2 -c "SELECT * FROM t" --json
  leeward psql orders --region us-west-2 --direct -c "SELECT pg_is_in_recovery()"`,
    )
    .action((database: string, options: PsqlOptions) =>
      run((frame) => psql(frame, database, options)),
    );
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

async function psql(frame: Frame, database: string, options: PsqlOptions): Promise<void> {
  const found = await findTarget(frame, database, options);
  const session = await open(frame, found.target, options);
  const cancel = (): void => void session.cancel();
  frame.signal.addEventListener("abort", cancel, { once: true });
  try {
    await runAll(frame, session, options, found);
  } finally {
    frame.signal.removeEventListener("abort", cancel);
    await session.close();
  }
}

async function open(frame: Frame, target: SqlTarget, { direct }: PsqlOptions): Promise<SqlSession> {
  try {
    return await SqlSession.open(target, (notice) => frame.err.write(`${notice}\n`));
  } catch (error) {
    const isAway = error instanceof Failure && error.code === "network.unreachable";
    if (!isAway || direct === true) throw error;
    const message = `${error.message}; with --direct it goes past the gateway, to the instance itself`;
    throw new Failure(error.code, message, { cause: error.cause });
  }
}

/** The API's connection is closed before the first statement: a prompt may be open for hours. */
async function findTarget(
  frame: Frame,
  database: string,
  { region, role, direct }: PsqlOptions,
): Promise<Found> {
  return withWorld(frame, async ({ client, layout }) => {
    const status = await client.status(frame.signal);
    const place = choosePlace(status, database, region);
    // A Region that was detached took the databases and passwords along that it was a part of.
    const origin = status.databases[database]?.detachedFrom ?? database;
    const { address, needsTls } = chooseDoor(status, place, direct === true);
    const password = choosePassword(readWorldSecrets(frame, layout), origin, role);
    const ca = needsTls ? frame.files.read(layout.caCertificate) : undefined;
    const target = { address, database: origin, user: role, password, ca };
    return { target, region: place.region, root: layout.root };
  });
}

async function runAll(
  frame: Frame,
  session: SqlSession,
  { command, file, csv }: PsqlOptions,
  { target, region, root }: Found,
): Promise<void> {
  const runner = new SqlRunner(frame, session, formatOf(frame, csv));
  if (command.length > 0 || file !== undefined) {
    for (const text of command) await runner.run(piecesOf(text));
    if (file === "-") await runPiped(frame, runner);
    else if (file !== undefined) await runner.run(piecesOf(readScript(frame, file)));
    return;
  }
  if (frame.input.isTTY !== true || !frame.out.isTty) return runPiped(frame, runner);
  printLine(frame, `${target.database} in ${region}, as ${target.user}. \\? for help.`);
  const prompt = { name: `${target.database}@${region}`, stateDirectory: root };
  return promptForever(frame, session, runner, prompt);
}

function formatOf(frame: Frame, csv: true | undefined): SqlFormat {
  if (frame.options.json) return "json";
  return csv === true ? "csv" : "aligned";
}

function readScript(frame: Frame, file: string): string {
  const text = frame.files.read(resolve(frame.cwd, file));
  if (text !== undefined) return text;
  throw new Failure("usage.invalid", `There is no file ${file}`);
}

/** Each statement runs as soon as it is whole, so that a pipe of any length takes no memory. */
async function runPiped(frame: Frame, runner: SqlRunner): Promise<void> {
  const input = new SqlInput();
  const lines = createInterface({ input: frame.input });
  try {
    for await (const line of lines) {
      if ((await runner.run(input.line(line))) === "quit") return;
    }
    await runner.run(input.end());
  } finally {
    lines.close();
  }
}
