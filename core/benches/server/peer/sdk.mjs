// The official SDK, for benchmarks of packages that do not have it.
export { createOpencodeClient } from "@opencode-ai/sdk/v2/client";
