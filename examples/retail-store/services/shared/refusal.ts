/** An answer that a caller could have expected: nothing is broken, and nothing was changed. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  /** `status` is the HTTP status, 400 to 499; `code` is for programs, `message` for people. */
  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = "Refusal";
    this.status = status;
    this.code = code;
  }
}

/** Something that this service needs does not answer: a caller may try again. */
export class Unavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "Unavailable";
  }
}
