/** Operations as people ask for them: by the command line. */
import type { ApiOperation } from "../../src/api/operations-api.ts";
import { assert } from "../../src/std/assert.ts";
import type { World } from "./world.ts";

export type Refusal = { readonly code: string; readonly message: string; readonly hint: string };

/** @throws when it does not complete */
export async function operate(world: World, ...args: readonly string[]): Promise<ApiOperation> {
  const { operations } = await world.json<{ readonly operations: readonly ApiOperation[] }>(args);
  const [only] = operations;
  assert(only !== undefined && operations.length === 1, `${args.join(" ")} is one operation`);
  return only;
}

export function switchover(world: World, to: string, database = "orders"): Promise<ApiOperation> {
  return operate(world, "switchover", database, "--to", to);
}

export function failover(world: World, to: string, database = "orders"): Promise<ApiOperation> {
  return operate(world, "failover", database, "--to", to, "--allow-data-loss", "--yes");
}

/** What a command that does not succeed says, with its exit code. */
export async function refusalOf(
  world: World,
  ...args: readonly string[]
): Promise<{ readonly exit: number | undefined; readonly said: Refusal }> {
  const { code, stdout, stderr } = await world.cli([...args, "--json"]);
  const last = stderr.trimEnd().split("\n").at(-1) ?? "";
  try {
    return { exit: code, said: JSON.parse(last) as Refusal };
  } catch (cause) {
    throw new Error(`${args.join(" ")} ended with ${code}:\n${stdout}\n${stderr}`, { cause });
  }
}
