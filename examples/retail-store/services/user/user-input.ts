/** What the user service takes, checked. */
import { z } from "zod";

/** Neither control characters nor halves of characters: PostgreSQL refuses NUL, and nobody can read the others. */
const name = z
  .string()
  .trim()
  .min(1)
  .max(80)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, "has characters that cannot be printed");

/** Upper and lower case are one address to every provider that matters. */
const email = z.email().max(254).toLowerCase();

/** Of a new one. 128: scrypt reads all of it, and a sentence is shorter. */
const newPassword = z.string().min(8).max(128);
/** One that is tried may be anything. */
const password = z.string().max(128);

export const newUserSchema = z.object({ fname: name, lname: name, email, password: newPassword });
export const getUserQuerySchema = z.object({ email });
export const verifySchema = z.object({ email, password });
export const changePasswordSchema = z.object({ email, password, next: newPassword });
