"""The parts of a record and its seal: a hash of every part, and the hash of these, so that an edit is found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Part(BaseModel):
    """A part of a record: frozen, finite, nothing extra."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def sha256_of(part: object) -> str:
    """Return the SHA-256 of something that JSON can hold; white space and the order of names do not matter.

    Raises
    ------
    ValueError
        If a number in it is not finite.

    Examples
    --------
    >>> sha256_of({"a": 1, "b": 2.5}) == sha256_of({"b": 2.5, "a": 1})
    True
    """
    text = json.dumps(part, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def seal_of(content: Mapping[str, object]) -> dict[str, str]:
    """Return the SHA-256 of every part of a record.

    Examples
    --------
    >>> sorted(seal_of({"pairs": [0.9], "bounds": {"upper": 2.0}}))
    ['bounds', 'pairs']
    """
    return {name: sha256_of(part) for name, part in content.items()}


def check_seal(
    content: Mapping[str, object], seal: Mapping[str, str], sha256: str, *, made: str, remedy: str
) -> None:
    """Refuse a record whose content is not what was sealed.

    Parameters
    ----------
    content : mapping of str to object
        Every part as it is now.
    seal, sha256 : mapping of str to str, str
        Hashes of the parts, and the hash of these, as they were written.
    made : str
        When the record was complete, as in ``"the population was built"``.
    remedy : str
        What to do, as a sentence without its full stop.

    Raises
    ------
    ValueError
        With the names of the parts that were changed, or that the hash itself was.

    Examples
    --------
    >>> seal = seal_of({"bounds": 2.0})
    >>> check_seal({"bounds": 3.0}, seal, sha256_of(seal), made="it was made", remedy="Use the original")
    Traceback (most recent call last):
    ValueError: the hash of bounds does not fit: this was changed after it was made. Use the original
    """
    actual = seal_of(content)
    changed = [name for name in sorted({*actual, *seal}) if actual.get(name) != seal.get(name)]
    if changed:
        raise ValueError(f"the hash of {', '.join(changed)} does not fit: this was changed after {made}. {remedy}")
    if (whole := sha256_of(dict(seal))) != sha256:
        raise ValueError(
            f"sha256 is {sha256[:12]}... but the parts give {whole[:12]}...: the hash itself was changed"
        )


def as_lines(content: Mapping[str, object]) -> bytes:
    r"""Return a record as JSON, one part a line.

    Examples
    --------
    >>> as_lines({"layout": 1, "bounds": {"upper": 2.0}})
    b'{\n"layout": 1,\n"bounds": {"upper": 2.0}\n}\n'
    """
    lines = (f"{json.dumps(name)}: {json.dumps(part, allow_nan=False)}" for name, part in content.items())
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()
