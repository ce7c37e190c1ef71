/** What a service is told by its environment. The only place that reads it. */
import { z } from "zod";

/** What Leeward tells every service. */
export const baseEnvironment = z.object({
  HOST: z.string().min(1),
  PORT: z.coerce.number().int().min(0).max(65_535),
  LEEWARD_REGION: z.string().min(1),
  LEEWARD_REPLICA: z.coerce.number().int().min(1),
});

export type BaseEnvironment = z.output<typeof baseEnvironment>;

/** How databases are reached: see `database.ts`. */
export const manners = ["gateway", "pgbouncer"] as const;
export type Manner = (typeof manners)[number];

/** Of a service that uses databases. */
export const databaseEnvironment = baseEnvironment.extend({
  DATABASE_MANNER: z.enum(manners).default("gateway"),
  LEEWARD_PGBOUNCER: z.string().optional(),
});

/**
 * The environment as `schema` describes it.
 * @throws Error that names every variable that is missing or wrong, and none of their values
 */
export function readEnvironment<T extends z.ZodType>(schema: T): z.output<T> {
  const parsed = schema.safeParse(process.env);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path, code }) => `${path.join(".")} (${code})`);
  throw new Error(`The environment lacks, or has in a wrong form: ${wrong.join(", ")}`);
}
