/** COPY by the driver that has none: it hands the protocol's messages to whatever has the methods that it calls. */
import type pg from "pg";

/** What the driver's connection can do, and its types do not tell. */
type Wire = {
  query(text: string): void;
  sendCopyFromChunk(bytes: Buffer): void;
  endCopyFrom(): void;
};

/** Sends `lines` where the statement asks for data, and answers what it gave. @throws as any other query does */
export function copy(client: pg.Client, text: string, lines: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const query = new Copy(text, lines, (error, given) =>
      error === null ? resolve(given ?? "") : reject(error),
    );
    client.query(query as unknown as pg.Submittable);
  });
}

class Copy {
  /** The driver wraps it in a time limit. */
  callback: (error: Error | null, given?: string) => void;
  readonly #text: string;
  readonly #lines: readonly string[];
  #given = "";

  constructor(text: string, lines: readonly string[], callback: Copy["callback"]) {
    this.#text = text;
    this.#lines = lines;
    this.callback = callback;
  }

  submit(wire: Wire): void {
    wire.query(this.#text);
  }

  handleCopyInResponse(wire: Wire): void {
    for (const line of this.#lines) wire.sendCopyFromChunk(Buffer.from(line));
    wire.endCopyFrom();
  }

  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    this.#given += chunk.toString();
  }

  handleCommandComplete(): void {
    // ReadyForQuery follows.
  }

  handleError(error: Error): void {
    this.callback(error);
  }

  handleReadyForQuery(): void {
    this.callback(null, this.#given);
  }
}
