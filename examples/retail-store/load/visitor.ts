/** What the journeys need of a visitor: the part of Leeward's contract for load that they use. */

export interface Visitor {
  /** From 1. */
  readonly number: number;
  /** In [0, 1). */
  random(): number;
  pick<T>(items: readonly T[]): T;
  /** What follows is counted under this name. */
  step(name: string): void;
  /** Follows redirects. @throws for an answer of 400 and more, or none: it is counted already */
  get(path: string): Promise<Page>;
  /** `expect`: statuses from 400 on that are no error here. */
  post(
    path: string,
    form: Readonly<Record<string, string | number>>,
    options?: { readonly expect?: readonly number[] },
  ): Promise<Page>;
  /** From now on somebody else: no cookies. */
  forget(): void;
}

export type Page = {
  readonly status: number;
  /** After redirects, with its query. */
  readonly path: string;
  /** `name` in lower case. */
  header(name: string): string | undefined;
  text(): string;
};
