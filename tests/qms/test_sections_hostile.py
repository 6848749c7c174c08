"""Damaged and hostile documents are refused within limits, in words, and never by a traceback."""

from __future__ import annotations

import io
import random
import struct
import sys
import time
import zipfile
import zlib
from pathlib import Path

import pytest
import typst
from PIL import Image

from qms.errors import DocumentError
from qms.sections import LIMITS, Limits, read_sections

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
MIB = 1 << 20


def xml(body: str, root: str = "document", before: str = "") -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>{before}<w:{root} xmlns:w="{WORD}">{body}</w:{root}>'


def paragraph(words: str, style: str = "", after: str = "") -> str:
    chosen = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{chosen}<w:r><w:t>{words}</w:t></w:r>{after}</w:p>"


def document(*paragraphs: str) -> str:
    return xml(f"<w:body>{''.join(paragraphs)}</w:body>")


def packed(parts: dict[str, str | bytes], folder: Path) -> Path:
    path = folder / "made.docx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def word_bytes() -> bytes:
    """Return a small DOCX with styles, numbering, notes and a table."""
    styles = "".join(
        f'<w:style w:styleId="Naslov{n}"><w:name w:val="heading {n}"/><w:basedOn w:val="Osnova"/>'
        f'<w:pPr><w:numPr><w:ilvl w:val="{n - 1}"/><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
        for n in (1, 2)
    )
    levels = "".join(
        f'<w:lvl w:ilvl="{n}"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="{text}"/></w:lvl>'
        for n, text in enumerate(("%1.", "%1.%2"))
    )
    body = [paragraph(f"Наслов {n}", "Naslov1") + paragraph(f"Tekst đačkog {n}. " * 20) for n in range(12)]
    body.append(paragraph("Прилог", "Naslov2", '<w:r><w:footnoteReference w:id="2"/></w:r>'))
    body.append(f"<w:tbl><w:tr><w:tc>{paragraph('Rok')}</w:tc><w:tc>{paragraph('12 sati')}</w:tc></w:tr></w:tbl>")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", document(*body))
        archive.writestr("word/styles.xml", xml(styles, "styles"))
        archive.writestr(
            "word/numbering.xml",
            xml(
                f'<w:abstractNum w:abstractNumId="0">{levels}</w:abstractNum>'
                '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>',
                "numbering",
            ),
        )
        archive.writestr(
            "word/footnotes.xml",
            xml(f'<w:footnote w:id="2">{paragraph("Vidi zakon.")}</w:footnote>', "footnotes"),
        )
    return stream.getvalue()


def pdf_bytes() -> bytes:
    body = "\n\n".join(f"= Пренос {n}\n\n#lorem(60)" for n in range(4))
    return typst.compile(f'#set page(paper: "a5")\n#set heading(numbering: "1.1")\n{body}'.encode())


def hand_made_pdf(*objects: bytes, trailer: bytes = b"") -> bytes:
    """Return a PDF of numbered objects, the first of them its catalog, with a cross-reference table."""
    out = bytearray(b"%PDF-1.5\n")
    places = []
    for n, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (n, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, trailer, start)
    return bytes(out)


CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
PAGES = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"


def written(data: bytes, folder: Path) -> Path:
    path = folder / "made"
    path.write_bytes(data)
    return path


def refused(path: Path, said: str, limits: Limits = LIMITS) -> None:
    with pytest.raises(DocumentError, match=said) as caught:
        read_sections(path, limits=limits)
    assert path.name in str(caught.value)


def test_the_small_documents_that_are_damaged_below_are_sound(tmp_path: Path) -> None:
    sections = read_sections(written(word_bytes(), tmp_path))
    assert [one.number for one in sections] == [*map(str, range(1, 13)), "12.1"]
    assert sections[-1].text == "Vidi zakon.\nRok | 12 sati"
    assert [one.number for one in read_sections(written(pdf_bytes(), tmp_path))] == ["1", "2", "3", "4"]


@pytest.mark.parametrize(("kind", "count"), [("word", 300), ("pdf", 60)])
def test_damaged_files_give_sections_or_the_error(kind: str, count: int, tmp_path: Path) -> None:
    sound = word_bytes() if kind == "word" else pdf_bytes()
    rng = random.Random(17)
    outcomes = {"read": 0, "refused": 0}
    for variant in range(count):
        data = bytearray(sound)
        if variant % 3 == 0:
            del data[rng.randrange(len(data)) :]
        elif variant % 3 == 1:
            for _ in range(rng.choice((1, 4, 40))):
                data[rng.randrange(len(data))] = rng.randrange(256)
        else:
            start = rng.randrange(len(data))
            data[start : start + rng.randrange(1, 400)] = rng.randbytes(rng.randrange(400))
        try:
            read_sections(written(bytes(data), tmp_path))
            outcomes["read"] += 1
        except DocumentError:
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 0, outcomes


def test_damaged_xml_of_a_sound_zip_gives_sections_or_the_error(tmp_path: Path) -> None:
    rng = random.Random(18)
    with zipfile.ZipFile(io.BytesIO(word_bytes())) as archive:
        sound = {name: archive.read(name) for name in archive.namelist()}
    read = 0
    for _ in range(150):
        name = rng.choice([each for each in sound if each.startswith("word/")])
        content = sound[name]
        for _ in range(rng.choice((1, 3))):
            at = rng.randrange(len(content))
            extra = rng.choice((b"", b"-9", b"w:", b"99999999999", b"0", b"%1", rng.randbytes(1)))
            content = content[:at] + extra + content[at + rng.randrange(4) :]
        try:
            read += bool(read_sections(packed({**sound, name: content}, tmp_path)))
        except DocumentError:
            continue
    assert 0 < read < 150


def test_text_boxes_inside_each_other_take_no_time(tmp_path: Path) -> None:
    deep = "<w:p>" + "<w:r><w:rPr><w:b/></w:rPr><w:t>1</w:t></w:r>" * 20_000 + "</w:p>"
    for _ in range(9):
        deep = f"<w:p><w:txbxContent>{deep}</w:txbxContent><w:r><w:t>a</w:t></w:r></w:p>"
    began = time.process_time()
    read_sections(packed({"word/document.xml": document(deep)}, tmp_path))
    assert time.process_time() - began < 5
    deeper = f"<w:p><w:txbxContent><w:p><w:txbxContent>{deep}</w:txbxContent></w:p></w:txbxContent></w:p>"
    refused(packed({"word/document.xml": document(deeper)}, tmp_path), "inside each other")


def test_many_small_elements(tmp_path: Path) -> None:
    many = packed({"word/document.xml": document("<w:p/>" * 2000)}, tmp_path)
    refused(many, "over 1000 elements", LIMITS.model_copy(update={"elements": 1000}))


def test_zip_bombs(tmp_path: Path) -> None:
    bomb = packed({"word/document.xml": document(" " * 8 * MIB)}, tmp_path)
    refused(bomb, "ZIP bomb")
    refused(bomb, "when unpacked", LIMITS.model_copy(update={"ratio": 10_000, "part_bytes": MIB}))
    refused(bomb, "ZIP bomb", LIMITS.model_copy(update={"ratio": 10_000, "expanded_bytes": MIB}))
    many = packed({"word/document.xml": document(paragraph("x")), **{f"{n}.xml": "" for n in range(30)}}, tmp_path)
    refused(many, "31 files", LIMITS.model_copy(update={"members": 30}))
    assert read_sections(many)


def test_a_size_that_lies_is_not_believed(tmp_path: Path) -> None:
    data = bytearray(packed({"word/document.xml": document(paragraph("a" * 8 * MIB))}, tmp_path).read_bytes())
    directory = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, directory + 24, 500)
    refused(written(bytes(data), tmp_path), "damaged|ZIP bomb|sound XML")


@pytest.mark.parametrize("name", ["../../etc/cron.d/x", "/etc/passwd", "C:\\x.dll", "word\\..\\..\\x"])
def test_names_that_point_outside(name: str, tmp_path: Path) -> None:
    path = packed({"word/document.xml": document(paragraph("x")), "+" * len(name): "x"}, tmp_path)
    path.write_bytes(path.read_bytes().replace(b"+" * len(name), name.encode()))
    refused(path, "points outside")


def test_two_files_of_one_name(tmp_path: Path) -> None:
    path = packed({"word/document.xml": document(paragraph("one")), "word/documenT.xml": "two"}, tmp_path)
    path.write_bytes(path.read_bytes().replace(b"documenT", b"document"))
    refused(path, "the same name")


LAUGHS = "<!DOCTYPE d [<!ENTITY a '" + "ha" * 50 + "'>" + "".join(
    f"<!ENTITY {b} '{f'&{a};' * 50}'>" for a, b in zip("abcde", "bcdef", strict=True)
) + "]>"  # fmt: skip
OUTSIDE = "<!DOCTYPE d [<!ENTITY f SYSTEM 'file:///etc/hostname'>]>"


@pytest.mark.parametrize("before", [LAUGHS, OUTSIDE])
@pytest.mark.parametrize("part", ["document", "styles", "numbering", "footnotes"])
def test_entities_are_refused_in_every_part(part: str, before: str, tmp_path: Path) -> None:
    parts = {"word/document.xml": document(paragraph("x"))}
    parts[f"word/{part}.xml"] = xml("<w:body><w:p><w:r><w:t>&f;</w:t></w:r></w:p></w:body>", part, before)
    refused(packed(parts, tmp_path), "entities")


def test_macros_passwords_and_old_formats(tmp_path: Path) -> None:
    parts = {"word/document.xml": document(paragraph("x"))}
    refused(packed({**parts, "word/vbaProject.bin": "x"}, tmp_path), "macros")
    data = bytearray(packed(parts, tmp_path).read_bytes())
    for place in (data.index(b"PK\x03\x04") + 6, data.index(b"PK\x01\x02") + 8):
        data[place] |= 1
    refused(written(bytes(data), tmp_path), "password")
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    refused(written(ole, tmp_path), r"\.docx")
    refused(written(ole + "EncryptedPackage".encode("utf-16-le"), tmp_path), "password")
    refused(packed({"xl/workbook.xml": "<x/>"}, tmp_path), "not a DOCX")


def test_nesting_without_end(tmp_path: Path) -> None:
    deep = 100_000
    for opening, closing in (("<w:sdt><w:sdtContent>", "</w:sdtContent></w:sdt>"), ("<w:x>", "</w:x>")):
        for inside in ("<w:p>{}</w:p>", "{}"):
            body = inside.format(opening * deep + paragraph("x") + closing * deep)
            path = packed({"word/document.xml": document(body)}, tmp_path)
            refused(path, "nested", LIMITS.model_copy(update={"ratio": 10_000}))


def test_notes_styles_and_lists_that_refer_to_themselves_end(tmp_path: Path) -> None:
    def refer(n: int) -> str:
        return f'<w:r><w:footnoteReference w:id="{n}"/></w:r>'

    notes = "".join(
        f'<w:footnote w:id="{n}">{paragraph("n", after=(refer(n + 1) + refer(n)) * 4)}</w:footnote>'
        for n in range(40)
    )
    styles = (
        '<w:style w:styleId="A"><w:basedOn w:val="B"/></w:style><w:style w:styleId="B"><w:basedOn w:val="A"/>'
        '<w:pPr><w:numPr><w:ilvl w:val="-7"/><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
    )
    numbering = (
        '<w:abstractNum w:abstractNumId="0"><w:numStyleLink w:val="B"/><w:lvl w:ilvl="0"><w:start w:val="999999"/>'
        '<w:numFmt w:val="upperLetter"/><w:lvlText w:val="%1%1%1%1%1%1%1%1%1"/></w:lvl></w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    )
    path = packed(
        {
            "word/document.xml": document(paragraph("x", "A", refer(0)), paragraph("y", "B")),
            "word/footnotes.xml": xml(notes, "footnotes"),
            "word/styles.xml": xml(styles, "styles"),
            "word/numbering.xml": xml(numbering, "numbering"),
        },
        tmp_path,
    )
    (section,) = read_sections(path)
    assert section.text.split() == ["x", *["n"] * 40, "y"]


def test_a_strict_document_without_styles_is_read_by_its_localised_style_ids(tmp_path: Path) -> None:
    body = document(paragraph("Сврха", "Naslov1"), paragraph("Prevoz", "Naslov2"), paragraph("x"))
    strict = body.replace(WORD, "http://purl.oclc.org/ooxml/wordprocessingml/main")
    found = [(one.heading, one.level) for one in read_sections(packed({"word/document.xml": strict}, tmp_path))]
    assert found == [("Сврха", 1), ("Prevoz", 2)]


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.pdf").open("wb") as stream:
        stream.truncate(20 << 30)
    begun = time.monotonic()
    refused(tmp_path / "huge.pdf", "at most 104.9 MB")
    assert time.monotonic() - begun < 1


def test_a_scan_asks_for_text_recognition(tmp_path: Path) -> None:
    picture = io.BytesIO()
    Image.new("L", (200, 280), 200).save(picture, "PDF")
    refused(written(picture.getvalue(), tmp_path), "OCR")


def test_limits_of_a_pdf(tmp_path: Path) -> None:
    path = written(typst.compile(b'#set page(paper: "a6")\n#lorem(900)'), tmp_path)
    assert read_sections(path)
    refused(path, "pages, and at most 2", LIMITS.model_copy(update={"pages": 2}))
    refused(path, "characters", LIMITS.model_copy(update={"characters": 300}))
    refused(path, "not read within 0.001 s", LIMITS.model_copy(update={"seconds": 0.001}))


def test_a_pdf_with_a_password(tmp_path: Path) -> None:
    locked = hand_made_pdf(
        CATALOG,
        PAGES,
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
        b"<</Filter/Standard/V 1/R 2/O<" + b"41" * 32 + b">/U<" + b"42" * 32 + b">/P -4>>",
        trailer=b"/Encrypt 4 0 R/ID[<00><00>]",
    )
    refused(written(locked, tmp_path), "password")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to its memory")
def test_a_pdf_that_unpacks_without_end_is_held_to_its_memory(tmp_path: Path) -> None:
    bomb = zlib.compress(zlib.compress(b" " * 400 * MIB, 9), 9)
    data = hand_made_pdf(
        CATALOG,
        PAGES,
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>",
        b"<</Length %d/Filter[/FlateDecode/FlateDecode]>>stream\n%s\nendstream" % (len(bomb), bomb),
    )
    begun = time.monotonic()
    refused(written(data, tmp_path), "memory|no text", LIMITS.model_copy(update={"memory_bytes": 300 * MIB}))
    assert time.monotonic() - begun < 20


def test_page_trees_without_end(tmp_path: Path) -> None:
    loop = hand_made_pdf(CATALOG, b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 900>>")
    refused(written(loop, tmp_path), "damaged|no text|memory")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (bytes(range(256)), "UTF-8"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "UTF-8"),
        (b"a\x00b\x01c", "no DOCX"),
        ("Сврха".encode("cp1251"), "UTF-8"),
        (b"\xff\xfea", "UTF-8"),
        (b" \n\t\n", "no text"),
        (b"PK\x03\x04", "damaged"),
        (b"%PDF-1.7\n", "damaged"),
    ],
)
def test_what_is_no_document(data: bytes, said: str, tmp_path: Path) -> None:
    refused(written(data, tmp_path), said)


@pytest.mark.parametrize(
    "words", ["[", "[a](", "*_", "> ", "<!--", "|a", "1.", "a-", "\n- ", "`a``", "....", "1. A\n\n"]
)
def test_patterns_that_make_slow_readers_slower_end_soon(words: str, tmp_path: Path) -> None:
    path = written((words * (60_000 // len(words)) + " words").encode(), tmp_path)
    begun = time.monotonic()
    assert read_sections(path)
    assert time.monotonic() - begun < 8
