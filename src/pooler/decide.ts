/**
 * What brings a PgBouncer into step: the next step from what is wanted, what its file says and what it does itself.
 *
 *   in step ──a name leads elsewhere──► PAUSE ► file ► RELOAD ► RECONNECT, RESUME ──► in step
 *
 * Each step is decided from what is seen then, so that a move that is broken off anywhere, by whoever dies, is taken up
 * or undone by the next look. The one thing that is remembered is which databases this move has paused: whatever else
 * is paused has been left so, and is resumed first of all.
 *
 * PAUSE keeps the order in which clients meet two gateways; it is not what keeps writes from two writers, which is the
 * gateways' own work. So a move goes on without it after a deadline, and never adds a second wait to the first.
 */
import { leadsToTheSame, lineOf, type Line, type RunningLine } from "./line.ts";

export type View = {
  readonly wanted: readonly Line[];
  /** The files say what they are to say, to the letter. */
  readonly fileIsRight: boolean;
  /** It has read the files since they were last written. */
  readonly hasReadFile: boolean;
  /** Undefined: its console does not answer. */
  readonly running: readonly RunningLine[] | undefined;
  /** Names that the present move has told to pause. Whether they did is another question, and stops nothing. */
  readonly pausedByUs: ReadonlySet<string>;
};

export type Decision = { readonly because: string } & (
  | { readonly kind: "rest" }
  | { readonly kind: "wait" }
  | { readonly kind: "write" }
  | { readonly kind: "reload" }
  | { readonly kind: "pause"; readonly names: readonly string[] }
  /** Of those that nobody of ours has paused. */
  | { readonly kind: "resume"; readonly names: readonly string[] }
  /** Of those that we have paused, at the end of the move. */
  | { readonly kind: "release" }
);

export function decide(view: View): Decision {
  const { wanted, running, pausedByUs, fileIsRight } = view;
  if (running === undefined) {
    if (!fileIsRight) return { kind: "write", because: "its files are not right for its start" };
    return { kind: "wait", because: "its console does not answer" };
  }
  const left = running
    .filter(({ name, isPaused }) => isPaused && !pausedByUs.has(name))
    .map(({ name }) => name);
  if (left.length > 0) {
    return { kind: "resume", names: left, because: "they are paused, and in no move" };
  }
  const moving = wanted.filter((line) => leadsElsewhere(line, running)).map(({ name }) => name);
  if (moving.length > 0 && pausedByUs.size === 0) {
    return { kind: "pause", names: moving, because: `${moving.join(", ")} leads elsewhere now` };
  }
  if (!fileIsRight) return { kind: "write", because: "its files do not say what they should" };
  if (!view.hasReadFile || moving.length > 0 || wanted.some(({ name }) => !lineOf(running, name))) {
    return { kind: "reload", because: "it has not read its files" };
  }
  if (pausedByUs.size > 0) return { kind: "release", because: "it has read its files" };
  return { kind: "rest", because: "it does what its file says" };
}

/** A name that it does not know yet has no clients, and nothing to pause. */
function leadsElsewhere(line: Line, running: readonly RunningLine[]): boolean {
  const now = lineOf(running, line.name);
  return now !== undefined && !leadsToTheSame(line, now);
}
