/** How the contract describes answers: each by its status, with what it means and in which form it comes. */
import type { z } from "zod";
import { problem } from "./api.ts";
import { problemType } from "./problem.ts";

type Answer = {
  readonly description: string;
  readonly content: Readonly<Record<string, { readonly schema: z.ZodType }>>;
};

export function answerOf<S extends z.ZodType>(
  schema: S,
  description: string,
  type = "application/json",
): { readonly description: string; readonly content: Readonly<Record<string, { schema: S }>> } {
  return { description, content: { [type]: { schema } } };
}

const refused = (description: string): Answer => answerOf(problem, description, problemType);

/** What every question may be answered with. */
export const problems = {
  400: refused("The request is not valid."),
  401: refused("No token, or not this world's."),
  403: refused("A foreign Host or Origin."),
  "5xx": refused("It could not be done now, or a bug."),
};

/** What a question about something named may be answered with, too. */
export const namedProblems = {
  ...problems,
  404: refused("There is no such thing."),
  409: refused("It is refused as things are: another command is at work on it, or a check failed."),
};
