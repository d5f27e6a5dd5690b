"""``file.*``: what a case does to the files of its own folder, and sees of them."""

from __future__ import annotations

import base64
import shutil
from typing import Any

from tests.conformance.values import Names


def _content(args: dict[str, Any]) -> bytes:
    if "base64" in args:
        return base64.b64decode(args["base64"])
    text: str = args["text"]
    return text.encode()


def write(names: Names, path: str, **content: Any) -> None:
    target = names.path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(_content(content))


def append(names: Names, path: str, **content: Any) -> None:
    with names.path(path).open("ab") as file:
        file.write(_content(content))


def read(names: Names, path: str) -> str:
    return names.path(path).read_bytes().decode()


def exists(names: Names, path: str) -> bool:
    return names.path(path).exists()


def remove(names: Names, path: str) -> None:
    target = names.path(path)
    shutil.rmtree(target) if target.is_dir() else target.unlink()


def make_directory(names: Names, path: str) -> None:
    names.path(path).mkdir(parents=True)


def copy(names: Names, source: str, target: str) -> None:
    origin = names.path(source)
    if origin.is_dir():
        shutil.copytree(origin, names.path(target))
    else:
        shutil.copyfile(origin, names.path(target))


def names_in(names: Names, path: str) -> list[str]:
    return sorted(entry.name for entry in names.path(path).iterdir())


OPERATIONS = {
    "file.append": append,
    "file.copy": copy,
    "file.exists": exists,
    "file.list": names_in,
    "file.make_directory": make_directory,
    "file.read": read,
    "file.remove": remove,
    "file.write": write,
}
