"""Uses a store that programs in other languages use as well, and says in JSON what it saw.

``beside.py look STORE SESSION WORD`` lists, loads and searches; ``beside.py add STORE SESSION
MESSAGE`` resumes the session, adds a message given in the form of the files, and closes it.
"""

import json
import sys

from opencode.sessions import OpencodeError, SessionManager, SessionMessage, SessionStorage


def look(manager: SessionManager, session_id: str, word: str) -> object:
    manager.storage.wait_for_index()
    return {
        "listed": [summary.id for summary in manager.list_sessions()],
        "found": [hit.message_id for hit in manager.search_messages(word)],
        "session": manager.storage.load(session_id).to_json(),
    }


def add(manager: SessionManager, session_id: str, message: str) -> object:
    try:
        with manager:
            added = SessionMessage.from_dict(json.loads(message))
            manager.resume(session_id).add_message(added)
            return {"id": added.id}
    except OpencodeError as error:
        return {"code": error.code, "message": str(error)}


if __name__ == "__main__":
    how, store, session_id, what = sys.argv[1:]
    manager = SessionManager(SessionStorage(store))
    print(json.dumps({"look": look, "add": add}[how](manager, session_id, what)))
