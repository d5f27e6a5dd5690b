"""What a user can tell about the installed package before using it."""

from importlib.metadata import version
from importlib.resources import files

import pytest

import opencode.sessions


def test_the_version_is_the_one_that_was_installed() -> None:
    assert opencode.sessions.__version__ == version("opencode-sessions")


def test_other_distributions_can_share_the_opencode_namespace() -> None:
    import opencode

    assert getattr(opencode, "__file__", None) is None


@pytest.mark.parametrize("package", ["adapters", "sessions", "conversation", "errors", "hooks"])
def test_every_package_tells_type_checkers_that_it_is_typed(package: str) -> None:
    assert files(f"opencode.{package}").joinpath("py.typed").is_file()
