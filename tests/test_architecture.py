"""The rules of the house that a machine can check: who imports whom, and which libraries the core needs."""

from __future__ import annotations

import ast
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("imaging", "ballistics", "qms", "accreditation")
BELOW = {"imaging": set(), "ballistics": {"imaging"}, "qms": set(), "accreditation": {"qms"}}
NOTHING_OF_OURS = {"errors", "surface", "record"}
SHELLS = {"cli", "report", "web"}
IMPORT_NAMES = {
    "markdown-it-py": "markdown_it",
    "opencv-python": "cv2",
    "pillow": "PIL",
    "python-ulid": "ulid",
    "scikit-image": "skimage",
    "typing-extensions": "typing_extensions",
    "verity-x3p": "verity_x3p",
}
EXTRAS = {
    "imaging.formats.vendor": {"SurfaceTopography"},
    "accreditation.report.word": {"docx"},
    "accreditation.report.word_blocks": {"docx"},
    "ballistics.document.word": {"docx", "docxtpl"},
    "ballistics.document.word_blocks": {"docx", "docxtpl"},
    "ballistics.document.word_template": {"docx"},
}


def modules() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def imports(path: Path) -> set[str]:
    """Dotted names that a module imports, those inside functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: import by the full name, not by dots"
            assert node.module is not None
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_imports_point_downwards(path: Path) -> None:
    package, stem = path.relative_to(ROOT).parts[0], path.stem
    shell = bool({"command", *SHELLS} & {stem, *path.relative_to(ROOT).parts})
    ours = {name for name in imports(path) if name.split(".")[0] in PACKAGES}
    for name in ours:
        other = name.split(".")[0]
        assert other == package or other in BELOW[package], f"{path.name} may not import {name}"
        if other == package and stem != "__init__":
            assert shell or not SHELLS & set(name.split(".")[1:]), f"{path.name} imports the shell {name}"
    if stem in NOTHING_OF_OURS - {"surface"}:
        below = {f"{other}.errors" for other in BELOW[package]}
        assert {".".join(name.split(".")[:2]) for name in ours} <= below, (
            f"{path.name} must import nothing of ours"
        )
    if stem == "surface":
        assert {name.split(".")[1] for name in ours} <= {"errors"}


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_third_party_imports_are_declared(path: Path) -> None:
    with (ROOT / "pyproject.toml").open("rb") as stream:
        declared = tomllib.load(stream)["project"]["dependencies"]
    names = {requirement.split(">=")[0] for requirement in declared}
    allowed = {IMPORT_NAMES.get(name, name) for name in names} | EXTRAS.get(dotted(path), set())
    used = {name.split(".")[0] for name in imports(path)} - set(PACKAGES) - set(sys.stdlib_module_names)
    assert used <= allowed | {"__future__"}, f"{dotted(path)} uses {used - allowed}"


def test_modules_are_short() -> None:
    long = {dotted(path): count for path in modules() if (count := len(path.read_text().splitlines())) > 460}
    assert not long, f"more than one idea in one module? {long}"
