/** The same for `import`: one copy of it, however it was loaded. */
export * from "./index.js";
