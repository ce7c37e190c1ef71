/** What `leeward.yaml` asks of PostgreSQL that an older one does not have. Pure. */
import type { Config } from "../config/config.ts";
import { Failure } from "../model/failure.ts";
import { majorWith } from "../model/predefined-role.ts";
import type { Installation } from "../postgres/installation.ts";

/**
 * Before the start: an agent would try to create such a database again and again.
 * @throws Failure `config.invalid`
 */
export function requireMajor(
  { databases }: Pick<Config, "databases">,
  { major, version, binDirectory }: Installation,
): void {
  const missing = databases.flatMap(({ id, roles }) =>
    roles.flatMap(({ name, memberOf }) =>
      memberOf
        .filter((role) => majorWith(role) > major)
        .map(
          (role) =>
            `databases.${id}.roles.${name}.memberOf: ${role} came with PostgreSQL ${majorWith(role)}, and ${binDirectory} is ${version}; leave it out, or name a newer one in \`postgres.bin\``,
        ),
    ),
  );
  if (missing.length > 0) throw new Failure("config.invalid", missing.join("\n"));
}
