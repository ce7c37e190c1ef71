/**
 * Roles that PostgreSQL itself has, and that a role of `leeward.yaml` may be a member of. Those that reach files and
 * programs of the server's machine are missing on purpose: with them a login is as good as the superuser.
 */
const majorOf = {
  pg_checkpoint: 15,
  pg_create_subscription: 16,
  pg_maintain: 17,
  pg_monitor: 10,
  pg_read_all_data: 14,
  pg_signal_backend: 10,
  pg_write_all_data: 14,
} as const;

export type PredefinedRole = keyof typeof majorOf;

export const predefinedRoles = Object.keys(majorOf) as [PredefinedRole, ...PredefinedRole[]];

/** The first major version of PostgreSQL that has it. */
export function majorWith(role: PredefinedRole): number {
  return majorOf[role];
}
