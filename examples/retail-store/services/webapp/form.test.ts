import { expect, test } from "vitest";
import { z } from "zod";
import { emailField, optionalText, readForm, requiredText } from "./form.ts";

const schema = z.object({
  name: requiredText("your name", 10),
  email: emailField,
  floor: optionalText(5),
  password: z.string().min(8, "Too short."),
});

test("what was typed is kept beside what is wrong with it, but for secrets", () => {
  const read = readForm(
    schema,
    { _csrf: "t", name: " ", email: "ann", floor: "2nd", password: "hunter2" },
    ["password"],
  );
  expect(read.isGood).toBe(false);
  expect(read.form).toEqual({
    values: { name: " ", email: "ann", floor: "2nd" },
    errors: {
      name: "Please enter your name.",
      email: "That does not look like an e-mail address, as in ann@example.com.",
      password: "Too short.",
    },
  });
});

test("fields that are missing, sent twice, or no text are read without a stumble", () => {
  const good = { name: "Ann", email: ["x", "ann@example.com"], password: "salt and wind" };
  expect(readForm(schema, good)).toMatchObject({ isGood: true, data: { floor: "", name: "Ann" } });
  for (const body of [undefined, null, "x", [], { name: { first: "Ann" } }]) {
    expect(readForm(schema, body)).toMatchObject({
      isGood: false,
      form: { values: {}, errors: { name: "Please enter your name." } },
    });
  }
});

test("control characters are refused in a line of text", () => {
  const read = readForm(schema, { name: "A\u0000n\nn" });
  expect(read.form.errors["name"]).toBe("Please leave out control characters.");
});
