/** What the benchmarks are asked for: which of their parts. */
import { parseArgs } from "node:util";

/** In the order of `parts`. @throws Error when there is no such part; it ends with `usage` */
export function chosenParts<P extends string>(
  parts: readonly P[],
  only: readonly string[],
  usage: string,
): readonly P[] {
  const unknown = only.find((name) => !parts.some((part) => part === name));
  if (unknown !== undefined) throw new Error(`There is no part "${unknown}".\n\n${usage}`);
  return parts.filter((part) => only.includes(part));
}

/**
 * `--quick` and `--only`. Undefined: it was asked for help, and has printed `usage`.
 * @throws Error as `chosenParts`, and for an option that there is not
 */
export function readPartOptions<P extends string>(
  parts: readonly P[],
  usage: string,
): { readonly isQuick: boolean; readonly wanted: readonly P[] } | undefined {
  const all: string[] = [...parts];
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: all },
      help: { type: "boolean", default: false },
    },
  });
  if (!values.help) {
    return { isQuick: values.quick, wanted: chosenParts(parts, values.only, usage) };
  }
  console.log(usage);
  return undefined;
}
