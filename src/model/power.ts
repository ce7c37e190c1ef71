/** Whether the machines of a Region run; what the supervisor does to them when asked. */
export type PowerState =
  | "starting"
  | "running"
  /** Stopped cleanly by a person; stays so until started. */
  | "stopped"
  /** Everything in it was killed by a person; stays so until started. */
  | "killed";

export type PowerAction = "kill" | "stop" | "start";
