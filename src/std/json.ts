/** What a message may hold: JSON, so that the simulated network can copy it and the real one can send it. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };
