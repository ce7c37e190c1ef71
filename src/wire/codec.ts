/** Building blocks for messages: each knows the JSON form and the typed form, in both directions. */
import { z } from "zod";
import { Failure } from "../model/failure.ts";
import { formatLsn, parseLsn, type Lsn } from "../model/lsn.ts";
import { assert } from "../std/assert.ts";
import type { Json } from "../std/json.ts";
import { Secret } from "../std/secret.ts";

/** `"0/16B3748"` ⇄ Lsn. */
export const lsn = z.codec(
  z.string().refine((text) => parseLsn(text) !== undefined, "not a WAL position"),
  z.custom<Lsn>(),
  {
    decode: (text) => {
      const position = parseLsn(text);
      assert(position !== undefined, "a WAL position was checked before it was read");
      return position;
    },
    encode: formatLsn,
  },
);

/** The text in the message, a `Secret` inside. */
export const secret = z.codec(z.string(), z.instanceof(Secret), {
  decode: (text) => new Secret(text),
  encode: (value) => value.reveal(),
});

/** `null` ⇄ undefined: JSON has no undefined, and inside, absence is undefined in a required field. */
export function maybe<S extends z.ZodType>(
  schema: S,
): z.ZodCodec<z.ZodNullable<S>, z.ZodCustom<z.output<S> | undefined, z.output<S> | undefined>> {
  return z.codec(z.nullable(schema), z.custom<z.output<S> | undefined>(), {
    decode: (value) => (value === null ? undefined : value) as z.output<S> | undefined,
    encode: (value) => value ?? null,
  });
}

/** A string or number that the model gives a brand. */
export function branded<T extends string>(): z.ZodType<T, T> {
  return z.string().min(1).max(200) as unknown as z.ZodType<T, T>;
}

export function counter<T extends number>(): z.ZodType<T, T> {
  return z.number().int().min(0) as unknown as z.ZodType<T, T>;
}

/** @throws Failure `network.message-invalid` naming the message and the field. */
export function decode<S extends z.ZodType>(schema: S, what: string, message: Json): z.output<S> {
  const parsed = z.safeDecode(schema, message as z.input<S>);
  if (parsed.success) return parsed.data;
  throw new Failure(
    "network.message-invalid",
    `Could not read ${what}: ${z.prettifyError(parsed.error)}`,
  );
}

export function encode<S extends z.ZodType>(schema: S, value: z.output<S>): Json {
  return z.encode(schema, value) as Json;
}
