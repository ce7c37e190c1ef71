/** What somebody filled in, and what is wrong with it, said beside the field. */
import { z } from "zod";

export type Form = {
  /** As typed: nobody has to type it again. */
  readonly values: Readonly<Record<string, string>>;
  /** By field, in words for people. */
  readonly errors: Readonly<Record<string, string>>;
  /** About the form as a whole. */
  readonly problem?: string;
};

export const emptyForm: Form = { values: {}, errors: {} };

export type ReadForm<T> =
  | { readonly isGood: true; readonly data: T; readonly form: Form }
  | { readonly isGood: false; readonly form: Form };

/** `secrets` are fields that are never shown again: passwords, card numbers. */
export function readForm<T extends z.ZodType>(
  schema: T,
  body: unknown,
  secrets: readonly string[] = [],
): ReadForm<z.output<T>> {
  const given = fields(body);
  const values = Object.fromEntries(
    Object.entries(given).filter(([name]) => !name.startsWith("_") && !secrets.includes(name)),
  );
  const parsed = schema.safeParse(given);
  if (parsed.success) return { isGood: true, data: parsed.data, form: { values, errors: {} } };
  const errors: Record<string, string> = {};
  for (const { path, message } of parsed.error.issues) errors[path.join(".")] ??= message;
  return { isGood: false, form: { values, errors } };
}

/** The fields of a form that have one value. A field sent twice counts with its last value. */
function fields(body: unknown): Record<string, string> {
  const parsed = z.record(z.string(), z.union([z.string(), z.array(z.string())])).safeParse(body);
  if (!parsed.success) return {};
  return Object.fromEntries(
    Object.entries(parsed.data).map(([name, value]) => [
      name,
      typeof value === "string" ? value : (value.at(-1) ?? ""),
    ]),
  );
}

/** A line of text that has to be there. `what` begins the message: "your first name". */
export function requiredText(what: string, lengthMax: number): z.ZodType<string, string> {
  return (
    z
      .string({ error: `Please enter ${what}.` })
      .trim()
      .min(1, `Please enter ${what}.`)
      .max(lengthMax, `That is longer than ${lengthMax} characters.`)
      // Line ends and other controls have no place in a label or an address.
      .regex(/^\P{Cc}*$/u, "Please leave out control characters.")
  );
}

/** A line of text that may be left out; then it is empty. */
export function optionalText(lengthMax: number): z.ZodType<string, string | undefined> {
  return z
    .string()
    .trim()
    .max(lengthMax, `That is longer than ${lengthMax} characters.`)
    .regex(/^\P{Cc}*$/u, "Please leave out control characters.")
    .default("");
}

export const emailField = z
  .string({ error: "Please enter your e-mail address." })
  .trim()
  .min(1, "Please enter your e-mail address.")
  .max(254, "That is longer than an e-mail address can be.")
  .pipe(z.email("That does not look like an e-mail address, as in ann@example.com."));
