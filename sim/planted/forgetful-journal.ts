import type { Plant } from "../plant.ts";

/** The journal is written to memory: a restarted agent has obeyed nobody, and is assigned nothing. */
export const forgetfulJournal: Plant = {
  name: "the agent's journal is not durable",
  files: (files) => {
    const texts = new Map<string, string>();
    return {
      read: (path) => texts.get(path),
      write: (path, text, mode) => {
        texts.set(path, text);
        files.write(path, text, mode);
      },
      makeDirectory: (path, mode) => files.makeDirectory(path, mode),
      exists: (path) => texts.has(path),
      remove: (path) => texts.delete(path),
    };
  },
};
