"""Uses a store that programs in other languages use as well, and says in JSON what it saw.

``beside.py HOW STORE SESSION WHAT``; core/examples/beside.rs says what there is to do.
"""

import json
import sys
import threading
from dataclasses import asdict
from datetime import datetime
from typing import Any

from opencode.conversation import Conversation
from opencode.sessions import OpencodeError, SessionManager, SessionMessage, SessionStorage


def look(storage: SessionStorage, session_id: str, word: str) -> object:
    manager = SessionManager(storage)
    storage.wait_for_index()
    return {
        "listed": [summary.id for summary in manager.list_sessions()],
        "found": [hit.message_id for hit in manager.search_messages(word)],
        "session": storage.load(session_id).to_json(),
    }


def add(storage: SessionStorage, session_id: str, message: str) -> object:
    with SessionManager(storage) as manager:
        added = SessionMessage.from_dict(json.loads(message))
        manager.resume(session_id).add_message(added)
        return {"id": added.id}


def begin(storage: SessionStorage, session_id: str, options: str) -> object:
    return seen(Conversation.create(session_id=session_id, storage=storage, **json.loads(options)))


def speak(storage: SessionStorage, session_id: str, what: str) -> object:
    asked = json.loads(what)

    def handle(params: dict[str, Any]) -> object:
        if params.get("waits"):
            tell({"waits": params})
            threading.Event().wait()
        return {"by": "Python", "given": params}

    conversation = Conversation.resume(session_id, storage=storage)
    conversation.register_tool(asked["tool"], "", {"type": "object"}, handle)
    for chunk in conversation.message(asked["said"]):
        if chunk.type == "text":
            tell({"text": chunk.content})
    return seen(conversation)


def view(storage: SessionStorage, session_id: str, _: str) -> object:
    return seen(Conversation.load(session_id, storage=storage))


def export(storage: SessionStorage, session_id: str, form: Any) -> object:
    with Conversation.load(session_id, storage=storage) as conversation:
        return conversation.export(form)


def import_(storage: SessionStorage, _: str, data: str) -> object:
    return seen(Conversation.import_(json.loads(data), storage=storage))


def seen(conversation: Conversation) -> object:
    with conversation:
        return {
            "messages": [asdict(message) for message in conversation.get_messages()],
            "state": asdict(conversation.state),
            "session": conversation.session.to_json(),
        }


def tell(what: object) -> None:
    print(json.dumps(what, default=datetime.isoformat), flush=True)


WAYS = {
    "look": look,
    "add": add,
    "begin": begin,
    "speak": speak,
    "view": view,
    "export": export,
    "import": import_,
}

if __name__ == "__main__":
    how, store, session_id, what = sys.argv[1:]
    try:
        tell(WAYS[how](SessionStorage(store), session_id, what))
    except OpencodeError as error:
        tell({"code": error.code, "message": str(error)})
