"""Steps of the controlled documents: drafted, reviewed, approved, released, read, and what else befell them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from qms.change import Change
from qms.demonstration.story import Step, Story, read
from qms.documents.control import draft, release
from qms.documents.document import Document
from qms.documents.receipts import sign
from qms.record import Text

PATH = ("draft", "submit", "review", "approve", "release")
READ_WITHIN = 9
"""Days in which people read what was released."""


def document_steps(story: Story) -> Iterator[Step]:
    """Yield the steps of every document, its revisions, translations and receipts."""
    for entry in read("documents.toml")["document"]:
        first = entry["revisions"][0]
        yield _step(first["days"][0], first["author"], "add", entry["key"], _add, entry)
        for n, revision in enumerate(entry["revisions"], start=1):
            yield from _revision_steps(story, entry, {"n": n, "language": "en", **revision})
        for translation in entry.get("translation", ()):
            yield from _revision_steps(story, entry, {"n": 1, **translation})
        for said in entry.get("steps", ()):
            yield _step(
                said["on"], said["by"], said["act"], said["revision"], _advance, entry, why=said.get("why", "")
            )


def words_of(entry: Mapping[str, Any], n: int) -> str:
    """Return the words of revision n of a document: those of the first with every replacement up to it.

    Raises
    ------
    ValueError
        If what is to be replaced is not there.
    """
    words: str = entry["body"]
    for revision in entry["revisions"][:n]:
        for old, new in revision.get("replace", ()):
            if old not in words:
                raise ValueError(f"{entry['key']} does not say {old!r}")
            words = words.replace(old, new)
    return words


def _revision_steps(story: Story, entry: Mapping[str, Any], revision: dict[str, Any]) -> Iterator[Step]:
    key = f"{entry['key']}.{revision['language']}.r{revision['n']}"
    owner = entry["owner"].removeprefix("@")
    people = {"draft": "author", "submit": "author", "review": "reviewer", "approve": "approver"}
    takes = {"draft": _draft, "release": _release}
    for act, on in zip(PATH, revision["days"], strict=False):
        take = takes.get(act, _advance)
        by = revision[people[act]] if act in people else owner
        yield _step(on, by, act, key, take, entry, fields=revision)
    if len(revision["days"]) == len(PATH) and "master" not in revision:
        for reader in entry.get("distribution", ()):
            on = min(0, revision["days"][-1] + story.rng.randint(1, READ_WITHIN))
            if reader not in revision.get("unread", ()):
                yield _step(on, reader.removeprefix("@"), "sign", key, _sign, entry)


def _step(
    on: int,
    by: str,
    act: str,
    key: str,
    take: Any,
    entry: Mapping[str, Any],
    *,
    fields: Mapping[str, Any] | None = None,
    why: str = "",
) -> Step:
    return Step(on=on, by=by, act=act, key=key, take=take, fields=fields or {}, entry=entry, why=why)


def _add(story: Story, change: Change, step: Step) -> None:
    fields = {name: value for name, value in step.entry.items() if name in Document.model_fields}
    document = Document.model_validate({"unit": story.unit, "ref": step.key, **story.said(fields, change)})
    story.know(step.key, change.add(document))


def _draft(story: Story, change: Change, step: Step) -> None:
    document = story.get(change, step.entry["key"])
    said, n = step.fields, step.fields["n"]
    language = said["language"]
    words = said["body"] if "body" in said else words_of(step.entry, n)
    title = document.title.best(language)
    revision = draft(
        change,
        document,
        story.written(f"{step.key}.md", f"# {document.ref} {title}\n{words}"),
        change_summary=Text.model_validate(said["summary"]),
        reviewer=story.id(said["reviewer"]),
        approver=story.id(said["approver"]),
        language=language,
        master=story.id(said["master"]) if "master" in said else None,
        change_class=said.get("class", "major"),
        effective=story.day(said["effective"]) if "effective" in said else None,
    )
    story.know(step.key, revision)


def _advance(story: Story, change: Change, step: Step) -> None:
    change.advance(story.get(change, step.key), step.act)


def _release(story: Story, change: Change, step: Step) -> None:
    release(change, story.get(change, step.key))


def _sign(story: Story, change: Change, step: Step) -> None:
    revision = story.get(change, step.key)
    sign(change, revision, sha256=revision.attachment.sha256)
