// How many events a second the official SDK reads from a recorded stream: `node events.mjs FILE TIMES`.
// The answer comes from memory in pieces of 16 KiB, so that only its reading is measured.
import { readFileSync } from "node:fs";
import { createOpencodeClient } from "@opencode-ai/sdk/v2/client";

const [file, times] = process.argv.slice(2);
const once = readFileSync(file);
const PIECE = 16 * 1024;

function body() {
  let left = Number(times);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (left === 0) return controller.close();
      controller.enqueue(new Uint8Array(once.subarray(at, at + PIECE)));
      at += PIECE;
      if (at >= once.length) [at, left] = [0, left - 1];
    },
  });
}

const answer = async () =>
  new Response(body(), { headers: { "content-type": "text/event-stream" } });
globalThis.fetch = answer;
const client = createOpencodeClient({ baseUrl: "http://127.0.0.1:1", fetch: answer });

const start = process.hrtime.bigint();
const { stream } = await client.event.subscribe({}, { sseMaxRetryAttempts: 1 });
let events = 0;
for await (const event of stream) if (event.type) events++;
const seconds = Number(process.hrtime.bigint() - start) / 1e9;
console.log(JSON.stringify({ events, perSecond: events / seconds }));
