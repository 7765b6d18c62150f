import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["node_modules", ".skerry", "device-sim/data", "dist"] },
  tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_" },
      ],
      "@typescript-eslint/prefer-promise-reject-errors": "off",
      "max-lines": ["error", { max: 400, skipComments: true, skipBlankLines: true }],
      "max-lines-per-function": ["error", { max: 100, skipComments: true, skipBlankLines: true }],
      eqeqeq: "error",
    },
  },
  {
    // One table reads the environment; everything else is handed its configuration.
    files: ["{contracts,gateway,cloud,device-sim,otel,infra,platform}/**/*.ts"],
    ignores: ["**/main.ts"],
    rules: {
      "no-restricted-properties": [
        "error",
        { object: "process", property: "env", message: "Only main.ts reads the environment." },
      ],
    },
  },
  {
    files: ["test/**/*.ts"],
    rules: { "max-lines-per-function": "off" },
  },
  {
    // The console's page is served as it is: JavaScript, for which there are no types.
    files: ["**/*.mjs", "cloud/console/page/**/*.js"],
    extends: [tseslint.configs.disableTypeChecked],
  },
);
