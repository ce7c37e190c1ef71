import { defineConfig } from "vitest/config";

/** Reads what has gathered in the process, and so wants one of its own. */
const alone = ["src/api/open-api-document.test.ts"];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: [
            "{src,sim,bench}/**/*.test.ts",
            "examples/*/{services,databases,load}/**/*.test.ts",
          ],
          exclude: ["**/*.pg.test.ts", "**/node_modules/**", ...alone],
          // Nothing of a process is theirs to change, and loading it anew for each file was half of their time.
          isolate: false,
          // Property tests are quick on an idle machine, and this one is shared.
          testTimeout: 30_000,
        },
      },
      { test: { name: "tidy", include: ["test/tidy.test.ts", ...alone] } },
      {
        test: {
          name: "pg",
          include: ["src/**/*.pg.test.ts", "examples/*/{services,databases}/**/*.pg.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          exclude: ["test/e2e/retail-store*.test.ts"],
          globalSetup: ["test/e2e/global-setup.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          // Fifty people in a shop take both cores: whoever measured leases beside them would lose some. So they come last, alone.
          name: "shop",
          include: ["test/e2e/retail-store*.test.ts"],
          globalSetup: ["test/e2e/global-setup.ts"],
          sequence: { groupOrder: 1 },
          maxWorkers: 1,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
    // Each test file may start several PostgreSQL servers; more at once only makes all of them slow.
    maxWorkers: 2,
  },
});
