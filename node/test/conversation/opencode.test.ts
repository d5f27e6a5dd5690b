/** A conversation whose other side is a real OpenCode server, which runs the tools itself. */
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { test } from "node:test";
import { type ApprovalRequest, Session, SessionStorage } from "opencode-sessions";
import { folder } from "../places.js";
import { Rig } from "./rig.js";

test("a server asks for leave, and the conversation is resumed there", async (t) => {
    const rig = await Rig.start();
    t.after(() => rig.stop());
    const { url, password } = rig.addresses as { url: string; password: string };
    const { directory } = await rig.command("project", { name: "node conversations" });
    const storage = new SessionStorage(folder(t));
    const user = new AsyncLocalStorage<string>();
    const asked: (ApprovalRequest & { of: string | undefined })[] = [];
    const approve = async (call: ApprovalRequest) => {
        asked.push({ ...call, of: user.getStore() });
        return true;
    };
    const session = await Session.create({
        model: "default",
        provider: "opencode",
        baseUrl: url,
        apiKey: password,
        workingDir: directory as string,
        storage,
        approve,
    });
    const answer = await user.run("Ann", () => session.message("read outside"));
    assert.equal(answer.text, "Read it.");
    assert.equal(asked.length, 1);
    assert.equal(asked[0]?.sessionId, session.id);
    assert.equal(asked[0]?.tool, "external_directory");
    assert.equal(asked[0]?.of, "Ann");
    assert.throws(() => session.registerTool({ name: "look", handler: () => 1 }), {
        code: "NOT_SUPPORTED",
    });
    await session.close();

    // The password is all that was not kept.
    const again = await Session.resume(session.id, { apiKey: password, storage });
    t.after(() => again.close());
    assert.equal(await again.message("think about it").text(), "Forty-two.");
    const there = "opencode_session_id";
    assert.equal(again.record.metadata[there], session.record.metadata[there]);
    const refused = again.message("read outside");
    await refused;
    const [result] = (await again.getMessages())
        .flatMap(({ toolResults = [] }) => toolResults)
        .slice(-1);
    assert.match(result?.error ?? "", /reject|refused|nobody/i);
});
