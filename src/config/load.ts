/** Reads `leeward.yaml`: the text in, the config or one failure with everything that is wrong out. */
import { Failure } from "../model/failure.ts";
import type { Config } from "./config.ts";
import { configJsonSchema } from "./json-schema.ts";
import { notYet } from "./not-yet.ts";
import { problemsOf, type Issue } from "./problem.ts";
import { resolveConfig } from "./resolve.ts";
import { configSchema } from "./rules.ts";
import { readYaml, type Position, type YamlContent } from "./yaml-source.ts";

export type LoadedConfig = {
  readonly config: Config;
  /** What the file asks for and this version does not do; to be printed. */
  readonly notYet: readonly string[];
};

type Problem = { readonly at: Position; readonly field: string; readonly message: string };

/** A person mends the first few and looks again; a file of another kind has thousands. */
const problemsMax = 40;

/**
 * @param fileName as the user knows it; stands before each problem.
 * @throws Failure `config.invalid` with one line for each problem: `file:line:column  field: what is wrong`.
 */
export function loadConfig(text: string, fileName: string): LoadedConfig {
  const { problems: inText, content } = readYaml(text);
  const problems: Problem[] = inText.map(({ at, message }) => ({ at, field: "", message }));
  if (content === undefined) throw invalid(fileName, problems);
  if (content.value === null) {
    const message = "the file is empty; it needs at least name, regions and databases";
    throw invalid(fileName, [{ at: { line: 1, column: 1 }, field: "", message }]);
  }
  const parsed = configSchema.safeParse(content.value);
  if (!parsed.success) problems.push(...fieldProblems(content, parsed.error.issues));
  if (!parsed.success || problems.length > 0) throw invalid(fileName, problems);
  return { config: resolveConfig(parsed.data), notYet: notYet(parsed.data) };
}

function fieldProblems(content: YamlContent, issues: readonly Issue[]): readonly Problem[] {
  const root = configJsonSchema();
  const found = issues.flatMap((issue) => problemsOf(issue, content.value, root));
  // Zod asks for the rules between fields only when every field is right. A field that is not known hides
  // none of them, so the rest of the file is looked at without it.
  const onlyUnknown = issues.every(({ code }) => code === "unrecognized_keys");
  if (onlyUnknown && found.length <= problemsMax) {
    const known = without(
      content.value,
      found.map(({ path }) => path),
    );
    const again = configSchema.safeParse(known).error?.issues ?? [];
    found.push(...again.flatMap((issue) => problemsOf(issue, known, root)));
  }
  return found.slice(0, problemsMax + 1).map(({ path, part, message }) => ({
    at: part === "key" ? content.keyAt(path) : content.valueAt(path),
    field: path.join("."),
    message,
  }));
}

/** A copy of `value` without the fields at `paths`. */
function without(value: unknown, paths: readonly (readonly string[])[]): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const kept = Object.entries(value).filter(
    ([name]) => !paths.some((path) => path.length === 1 && path[0] === name),
  );
  return Object.fromEntries(
    kept.map(([name, field]) => [
      name,
      without(
        field,
        paths.filter((path) => path[0] === name).map((path) => path.slice(1)),
      ),
    ]),
  );
}

function invalid(fileName: string, problems: readonly Problem[]): Failure {
  const sorted = problems.toSorted((a, b) => a.at.line - b.at.line || a.at.column - b.at.column);
  const told = sorted.slice(0, problemsMax);
  const lines = told.map(({ at, field, message }) => {
    const where = `${fileName}:${at.line}:${at.column}`;
    return printable(`${where}  ${field === "" ? "" : `${field}: `}${message}`);
  });
  if (sorted.length > told.length) lines.push("… and more");
  return new Failure("config.invalid", lines.join("\n"), { details: { problems: told } });
}

/** Names come from the file: what they hold must not move the cursor of the terminal. */
function printable(line: string): string {
  return line.replaceAll(/\p{Cc}/gu, "\uFFFD");
}
