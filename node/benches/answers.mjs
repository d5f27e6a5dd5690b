// A server in a process of its own that answers at once: `node answers.mjs SESSIONS EVENTS`.
//
// `/session` gives so many sessions, `/session/…/message` two messages, `/event` and
// `/global/event` a recorded stream so many times over, with a pause behind each, and then an event
// of the type `bench.end`.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const file = (path) => readFileSync(new URL(`../../${path}`, import.meta.url));
const [sessions, events] = process.argv.slice(2).map(Number);
if (Number.isNaN(events)) throw new Error("say how many sessions and events");

/** Milliseconds. A reader has read one recording when the next one comes: it could lag behind. */
const PAUSE = 30;

const messages = file("core/benches/server/two-messages.json");
const recorded = file("tests/fixtures/opencode-events.sse").toString();
// Each time with ids of its own: an event that came before is no event.
const again = (_, time) => recorded.replaceAll('{"id":"evt_', `{"id":"evt_${time}_`);
const end = 'data: {"id":"evt_end","type":"bench.end","properties":{}}\n\n';
const streamed = [...Array.from({ length: events }, again), end].map((text) => Buffer.from(text));
const { info } = JSON.parse(file("tests/fixtures/opencode-export.json"));
const listed = JSON.stringify(
    Array.from({ length: sessions }, (_, n) => ({
        ...info,
        id: `${info.id.slice(0, -5)}${String(n).padStart(5, "0")}`,
        title: `Session ${n}`,
    })),
);

const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://127.0.0.1");
    if (pathname.endsWith("/event")) {
        response.writeHead(200, { "content-type": "text/event-stream" });
        const left = [...streamed];
        const more = () => {
            response.write(left.shift());
            if (left.length > 0) setTimeout(more, PAUSE);
        };
        return more();
    }
    response.setHeader("content-type", "application/json");
    if (pathname.endsWith("/status")) return void response.end("{}");
    if (pathname === "/permission" || pathname === "/question") return void response.end("[]");
    response.end(pathname.endsWith("/message") ? messages : listed);
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
