/** The few kinds of fields that the contract is made of. */
import { z } from "zod";

export const text = (description: string): z.ZodString => z.string().meta({ description });
/** 200 characters: far longer than any name; what is longer was meant for something else, and would fill the events. */
export const givenName = (description?: string): z.ZodString => {
  const name = z.string().max(200);
  return description === undefined ? name : name.meta({ description });
};
export const amount = (description: string): z.ZodNumber => z.number().meta({ description });
/** Absence: JSON has no undefined. */
export const orNull = <S extends z.ZodType>(schema: S): z.ZodNullable<S> => z.nullable(schema);

export const address = z
  .object({ address: z.string(), port: z.number().int() })
  .meta({ id: "Address", description: "Where something listens." });
