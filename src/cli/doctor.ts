/** `leeward doctor`: what on this machine would stop `up` from working, and the way out. */
import { Command } from "commander";
import { Failure } from "../model/failure.ts";
import { examineMachine, type Finding } from "./doctor-checks.ts";
import { printJson, printLine, type Frame, type Run } from "./frame.ts";
import { count } from "./output.ts";

export function doctorCommand(run: Run): Command {
  return new Command("doctor")
    .description("Show what on this machine would stop `up` from working, and the way out.")
    .argument("[dir]", "where leeward.yaml is; left out: here or above")
    .addHelpText("after", "\nExample:\n  leeward doctor examples/two-regions")
    .action((directory: string | undefined) => run((frame) => doctor(frame, directory)));
}

async function doctor(frame: Frame, directory: string | undefined): Promise<void> {
  const findings = await examineMachine(frame, directory);
  const problems = findings.filter(({ verdict }) => verdict === "problem");
  if (frame.options.json) printJson(frame, { ok: problems.length === 0, checks: findings });
  else for (const finding of findings) printFinding(frame, finding);
  if (problems.length > 0) {
    throw new Failure(
      "world.start-failed",
      `${count(problems.length, "problem")} would stop \`up\`: ${problems.map(({ check }) => check).join(", ")}`,
    );
  }
}

function printFinding(frame: Frame, { check, verdict, says, wayOut }: Finding): void {
  const { colors } = frame;
  const marks = { ok: colors.green("✓"), note: colors.yellow("!"), problem: colors.red("✗") };
  printLine(frame, `${marks[verdict]} ${colors.bold(check)}: ${says}`);
  if (wayOut !== null) printLine(frame, `    ${colors.dim(wayOut)}`);
}
