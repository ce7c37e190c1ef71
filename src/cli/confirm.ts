/** A question to the person at the terminal. */
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import type { Frame } from "./frame.ts";

/** Undefined where nobody can be asked: no terminal, or a program that wants JSON. */
export async function ask(frame: Frame, question: string): Promise<string | undefined> {
  if (frame.input.isTTY !== true || frame.options.json) return undefined;
  const output = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      frame.out.write(chunk.toString());
      done();
    },
  });
  const questions = createInterface({ input: frame.input, output });
  try {
    const answer = await questions.question(question, { signal: frame.signal });
    return answer.trim();
  } finally {
    questions.close();
  }
}
