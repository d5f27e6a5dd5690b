// The package as CommonJS.
const assert = require("node:assert/strict");
const { OpencodeError, SessionStorage, version } = require("opencode-sessions");

new SessionStorage("./store").load("nowhere").then(
    () => assert.fail("it is not there"),
    (error) => {
        assert.ok(error instanceof OpencodeError);
        assert.equal(error.code, "SESSION_NOT_FOUND");
        console.log(version);
    },
);
