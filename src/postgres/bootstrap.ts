/** The SQL that makes a fresh database system usable, for `postgres --single` on the database `postgres`. */
import type { PredefinedRole } from "../model/predefined-role.ts";
import { ownObjects } from "./own-objects.ts";
import { quoteIdentifier, quoteLiteral } from "./sql-text.ts";

export type BootstrapRole = {
  readonly name: string;
  readonly login: boolean;
  readonly superuser: boolean;
  readonly replication: boolean;
  readonly memberOf: readonly PredefinedRole[];
  readonly verifier: string | undefined;
};

/** One statement each. Passwords are verifiers, so nothing secret is in it. */
export function renderBootstrap(
  roles: readonly BootstrapRole[],
  databaseName: string,
  owner: string | undefined,
): readonly string[] {
  const create = roles.map((role) => {
    const words = [
      role.login ? "LOGIN" : "NOLOGIN",
      role.superuser ? "SUPERUSER" : "NOSUPERUSER",
      role.replication ? "REPLICATION" : "NOREPLICATION",
      ...(role.memberOf.length === 0
        ? []
        : [`IN ROLE ${role.memberOf.map(quoteIdentifier).join(", ")}`]),
      ...(role.verifier === undefined ? [] : [`PASSWORD ${quoteLiteral(role.verifier)}`]),
    ];
    return `CREATE ROLE ${quoteIdentifier(role.name)} ${words.join(" ")}`;
  });
  const ownedBy = owner === undefined ? "" : ` OWNER ${quoteIdentifier(owner)}`;
  const database =
    databaseName === "postgres"
      ? []
      : [`CREATE DATABASE ${quoteIdentifier(databaseName)}${ownedBy}`];
  return [...create, ...ownObjects, ...database];
}
