// A stand-in for the service that shared sessions are published to. It is also every program's
// proxy to the outside, where it refuses and remembers: nothing a test starts needs the network.

import { createServer } from "node:http";
import { once } from "node:events";

export class ShareService {
  constructor() {
    this.fails = false;
    this.shares = new Map();
    this.requests = [];
    this.outside = [];
    this.server = createServer((request, response) => this.#answer(request, response));
    this.server.on("connect", (request, socket) => {
      this.outside.push(request.url);
      socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    });
  }

  async start() {
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    this.url = `http://127.0.0.1:${this.server.address().port}`;
  }

  stop() {
    this.server.close();
    this.server.closeAllConnections();
  }

  async #answer(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = parsed(Buffer.concat(chunks).toString());
    const [status, answer] = this.#decide(request, body);
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(answer));
  }

  #decide({ method, url }, body) {
    if (!url.startsWith("/")) {
      this.outside.push(url);
      return [403, { error: "no network" }];
    }
    this.requests.push({ method, path: url, body });
    if (this.fails) return [500, { error: "told to fail" }];

    const [, id, rest] = /^\/api\/share(?:\/([^/?]+)(\/sync)?)?(?:\?|$)/.exec(url) ?? [];
    if (method === "POST" && url.split("?")[0] === "/api/share") return [200, this.#share(body)];
    const share = this.shares.get(id);
    if (!share) return [404, { error: "no such share" }];
    if (body?.secret !== share.secret) return [401, { error: "wrong secret" }];
    if (method === "DELETE" && !rest) this.shares.delete(id);
    return [200, {}];
  }

  #share({ sessionID }) {
    const id = sessionID.slice(-8);
    const share = { id, url: `${this.url}/share/${id}`, secret: `secret-of-${id}` };
    this.shares.set(id, share);
    return share;
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
