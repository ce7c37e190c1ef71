/**
 * How the processes of a Region are held together, so that a lost Region is lost as a whole.
 *
 * PostgreSQL's children leave the process group, and a backend whose postmaster was killed still acknowledges
 * commits for seconds. On Linux a Region is therefore one PID namespace: when its first process dies, the
 * kernel kills all of it. Elsewhere every descendant is looked up and killed by its id.
 */
export type Isolation = "pid-namespace" | "process-tree";

export type MachineFacts = {
  readonly platform: NodeJS.Platform;
  readonly isRoot: boolean;
  /** `setpriv` and `unshare` of util-linux are there. */
  readonly hasSetpriv: boolean;
  /** A trial of `namespaceCommand` worked. */
  readonly canUnshare: boolean;
};

export function chooseIsolation(facts: MachineFacts): Isolation {
  return facts.platform === "linux" && facts.canUnshare ? "pid-namespace" : "process-tree";
}

/** Runs `command` as the second process of a new PID namespace, whose first dies with `unshare`. */
export function namespaceCommand(isRoot: boolean, command: readonly string[]): readonly string[] {
  // Without root a PID namespace needs a user namespace around it; root keeps its own, to become `nobody` in it.
  const user = isRoot ? [] : ["--user", "--map-current-user"];
  return ["unshare", ...user, "--pid", "--fork", "--mount-proc", "--kill-child=KILL", ...command];
}

/** The kernel kills the command when the thread that started it ends: nothing survives a killed supervisor. */
export function dieWithParent(facts: MachineFacts, command: readonly string[]): readonly string[] {
  return facts.platform === "linux" && facts.hasSetpriv
    ? ["setpriv", "--pdeathsig", "KILL", "--", ...command]
    : command;
}

/**
 * The first process of a Region: starts the agent once for each line on its input, says on descriptor 4 how it
 * ended, and takes over and reaps what loses its parent. A shell does all of that in a megabyte.
 */
const hostScript = 'while read -r _; do "$@" </dev/null; echo "$?" >&4; done';

export const statusDescriptor = 4;

export function hostCommand(
  facts: MachineFacts,
  isolation: Isolation,
  agent: readonly string[],
): readonly string[] {
  const shell = ["sh", "-c", hostScript, "leeward-host", ...agent];
  const held = isolation === "pid-namespace" ? namespaceCommand(facts.isRoot, shell) : shell;
  return dieWithParent(facts, held);
}
