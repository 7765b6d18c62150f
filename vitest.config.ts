import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts", "test/architecture/**/*.test.ts", "test/*.test.ts"],
          // Property tests have much to try, and share two cores with whatever else runs.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          globalSetup: ["test/support/servers-installed.ts"],
          testTimeout: 120_000,
          hookTimeout: 30_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          globalSetup: [
            "test/support/servers-installed.ts",
            "test/browser/support/chromium-installed.ts",
          ],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // One at a time: each of them starts a whole installation.
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "chaos",
          include: ["test/chaos/**/*.test.ts"],
          globalSetup: ["test/support/servers-installed.ts"],
          testTimeout: 240_000,
          hookTimeout: 60_000,
          // One at a time: each of them loads the machine as a whole installation does.
          fileParallelism: false,
        },
      },
    ],
  },
});
