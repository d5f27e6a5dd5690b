"""Forms of type hints, there at run time, too, so that whoever reads hints can read these."""

from __future__ import annotations

from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Self, Unpack
else:
    try:
        from typing import Self, Unpack
    except ImportError:
        # Python 3.10 has neither; there they are read as what comes nearest.
        Self = Any

        class Unpack:
            """Gives what it is of."""

            def __class_getitem__(cls, of: Any) -> Any:
                return of


__all__ = ["Self", "Unpack"]
