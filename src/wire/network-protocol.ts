/**
 * What the network program and the controller say to each other: the network tells what its links carried
 * and which conditions it has applied, and is answered as soon as there are newer ones.
 */
import { z } from "zod";
import type { LinkDirection, LinkEnd, LinkTraffic } from "../model/link.ts";
import { branded, maybe } from "./codec.ts";

const end = branded<LinkEnd>();
const revision = z.number().int().min(0);

const direction: z.ZodType<LinkDirection> = z.object({
  from: end,
  to: end,
  conditions: z.object({
    delayMs: z.number().min(0),
    jitterMs: z.number().min(0),
    bandwidthBitsPerSecond: maybe(z.number().positive()),
    isUp: z.boolean(),
  }),
});

const traffic: z.ZodType<LinkTraffic> = z.object({
  from: end,
  to: end,
  openFlows: z.number().int(),
  deliveredBytes: z.object({ control: z.number(), data: z.number() }),
  queuedBytes: z.number(),
});

export const networkQuestion = z.object({
  kind: z.literal("conditions"),
  /** The newest revision that is in force; 0 at the network's start. */
  applied: revision,
  traffic: z.array(traffic),
});

export const networkAnswer = z.object({
  revision,
  directions: z.array(direction),
  /** Links whose connections are to be broken once, when this revision is applied. */
  resets: z.array(z.object({ from: end, to: end })),
});

export type NetworkAnswer = z.output<typeof networkAnswer>;

/** 1 s: how long the controller holds the question when nothing changes; traffic figures are this old at most. */
export const conditionsHoldMs = 1_000;
