/** The engine of databases that Leeward runs itself, on PostgreSQL: its steps for each kind of operation. */
import type { Engine } from "../engine/engine.ts";
import { failoverPlan } from "./failover-steps.ts";
import { addPlan, detachPlan, rejoinPlan, removePlan } from "./member-steps.ts";
import type { OperationDeed, OperationView } from "./operation-view.ts";
import { switchoverPlan } from "./switchover-steps.ts";

export type DatabaseEngine = Engine<OperationView, OperationDeed>;

export const postgresEngine: DatabaseEngine = {
  name: "postgres",
  plans: {
    switchover: switchoverPlan,
    failover: failoverPlan,
    detach: detachPlan,
    add: addPlan,
    rejoin: rejoinPlan,
    remove: removePlan,
  },
};
