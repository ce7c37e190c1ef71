/** What was asked for and done lately, as far as later decisions depend on it. A value; times are monotonic, in ms. */

/** How many replicas were asked for at a moment, by the formula or by a person. */
type Asked = { readonly replicas: number; readonly atMs: number };

/** By how much the number was changed at a moment; negative: fewer. */
type Step = { readonly by: number; readonly atMs: number };

export type ScaleHistory = {
  /**
   * Oldest first, and each larger than all that came after it: of the others none will ever be the most that was asked
   * for. So there are never more than replicas.
   */
  readonly asked: readonly Asked[];
  /** Of the autoscaler alone, within one period of its policies. */
  readonly steps: readonly Step[];
};

export const emptyHistory: ScaleHistory = { asked: [], steps: [] };

/** Also the bound of what is kept. */
export type Spans = {
  /** How far back `mostAsked` looks. */
  readonly windowMs: number;
  /** How far back `changedLately` looks. */
  readonly periodMs: number;
};

export function noteAsked(
  history: ScaleHistory,
  replicas: number,
  nowMs: number,
  { windowMs, periodMs }: Spans,
): ScaleHistory {
  const asked = history.asked.filter(
    (one) => one.replicas > replicas && nowMs - one.atMs < windowMs,
  );
  const steps = history.steps.filter(({ atMs }) => nowMs - atMs < periodMs);
  return { asked: [...asked, { replicas, atMs: nowMs }], steps };
}

export function noteStep(history: ScaleHistory, by: number, nowMs: number): ScaleHistory {
  return { ...history, steps: [...history.steps, { by, atMs: nowMs }] };
}

/** The most that was asked for within the window; undefined when nothing was. */
export function mostAsked(
  { asked }: ScaleHistory,
  nowMs: number,
  windowMs: number,
): number | undefined {
  return asked.find(({ atMs }) => nowMs - atMs < windowMs)?.replicas;
}

/** By how much the autoscaler has changed the number within the period: all of it, up and down. */
export function changedLately({ steps }: ScaleHistory, nowMs: number, periodMs: number): number {
  return steps.filter(({ atMs }) => nowMs - atMs < periodMs).reduce((sum, { by }) => sum + by, 0);
}
