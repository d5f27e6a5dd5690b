"""The real server is there for the tests of the client."""

from __future__ import annotations

import base64
import json
import urllib.request
from typing import TYPE_CHECKING
from urllib.error import HTTPError

import pytest

if TYPE_CHECKING:
    from tests.conftest import Server


def test_the_server_answers_with_its_password_only(server: Server) -> None:
    address = f"{server.url}/global/health"
    with pytest.raises(HTTPError, match="401") as refused:
        urllib.request.urlopen(address)
    refused.value.close()

    credentials = base64.b64encode(f"{server.username}:{server.password}".encode()).decode()
    request = urllib.request.Request(address, headers={"Authorization": f"Basic {credentials}"})
    with urllib.request.urlopen(request) as answer:
        assert json.load(answer) == {"healthy": True, "version": server.version}


def test_a_test_gets_a_project_of_its_own(server: Server) -> None:
    project = server.project("données 100% 日本")
    assert (project / ".git").is_dir()
    assert project != server.directory
