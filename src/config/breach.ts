/** One breach of a rule between fields. `given` was not found among `allowed`; the nearest of them is offered to the user. */
export type Breach = {
  readonly path: readonly string[];
  readonly message: string;
  readonly given?: string;
  readonly allowed?: readonly string[];
};
