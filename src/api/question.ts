/** One question of a client to the API, with what the answer has to look like. */
import type { z } from "zod";
import type { HttpMethod } from "./http-request.ts";

export type Question<S extends z.ZodType> = {
  readonly method?: HttpMethod;
  readonly path: string;
  readonly body?: unknown;
  readonly answer: S;
  readonly timeoutMs?: number;
};

/** @throws Failure: the one that the world refuses with, or `world.not-running`, `network.unreachable` */
export type Ask = <S extends z.ZodType>(
  question: Question<S>,
  signal: AbortSignal,
) => Promise<z.output<S>>;
