"""Who answers a conversation: a script, a provider of the case's own, or a service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from opencode.conversation import Reply, ScriptedModel, Usage
from opencode.errors import OpencodeError, RateLimitError
from tests.conformance.values import Names, canonical

if TYPE_CHECKING:
    from tests.conftest import Model


class Service:
    """A model that is asked over HTTP, as the options of a conversation say it."""

    def __init__(self, model: Model, api: str, fixtures: list[dict[str, Any]]) -> None:
        for fixture in reversed(fixtures):
            model.add_fixture(fixture)
        self._model = model
        below = {"openai": "/v1", "anthropic": ""}[api]
        self.options: dict[str, Any] = {
            "provider": api,
            "base_url": f"{model.url}{below}",
            "api_key": "a key",
        }

    def requests(self, containing: str) -> list[dict[str, Any]]:
        asked: list[dict[str, Any]] = self._model.command("model_requests", containing=containing)[
            "requests"
        ]
        return asked


class Remote:
    """The case's server as the model."""

    def __init__(self, server: Any) -> None:
        self.options: dict[str, Any] = {
            "provider": "opencode",
            "base_url": server.options["base_url"],
            "api_key": server.options["password"],
            "working_dir": server.directory,
        }


def begin(
    names: Names, described: dict[str, Any], request: pytest.FixtureRequest
) -> ScriptedModel | Service | Remote:
    """What ``model`` of a case describes."""
    if "replies" in described:
        return new(names, **described)
    if described["api"] == "opencode":
        return Remote(names.named["server"])
    return Service(request.getfixturevalue("scripted_model"), **described)


def options(names: Names) -> dict[str, Any]:
    model = names.named["model"]
    return model.options if isinstance(model, (Service, Remote)) else {"provider": model}


def requests(names: Names, containing: str) -> list[dict[str, Any]]:
    service: Service = names.named["model"]
    return service.requests(containing)


def new(_: Names, replies: list[Any]) -> ScriptedModel:
    return ScriptedModel([one if isinstance(one, str) else _reply(**one) for one in replies])


def _reply(
    calls: list[dict[str, Any]] | None = None,
    usage: dict[str, Any] | None = None,
    error: dict[str, Any] | None = None,
    **more: Any,
) -> Reply:
    return Reply(
        calls=[(call["tool"], call["params"]) for call in calls or []],
        usage=None if usage is None else Usage(**usage),
        error=None if error is None else _error(**error),
        **more,
    )


def _error(code: str, message: str, retry_after: float | None = None) -> OpencodeError:
    error: OpencodeError
    if code == "RATE_LIMIT":
        error = RateLimitError(message)
        error.retry_after = retry_after
        return error
    return OpencodeError(message, code=code)


class Own:
    """A class with ``stream``, as a program has one: it gives events and notes the requests."""

    name = "own"

    def __init__(self, answers: list[Any], limits: dict[str, int] | None) -> None:
        self.notes: list[Any] = []
        self._answers = answers
        self._limits = limits

    def stream(self, request: dict[str, Any]) -> Iterator[Any]:
        answer = self._answers[min(len(self.notes), len(self._answers) - 1)]
        self.notes.append(canonical({k: v for k, v in request.items() if k != "cancelled"}))
        for event in answer:
            if isinstance(event, dict) and event["type"] == "error":
                if "code" in event:
                    raise _error(**{k: v for k, v in event.items() if k != "type"})
                raise RuntimeError(event["message"])
            yield event

    def limits(self, model: str) -> dict[str, int]:
        return self._limits or {}


def own(_: Names, answers: list[Any], limits: dict[str, int] | None = None) -> Own:
    return Own(answers, limits)
