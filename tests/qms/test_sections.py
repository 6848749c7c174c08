"""Sections of real documents in every language: what was written is what is read, in every format."""

# ruff: noqa: RUF001
from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typst
from hypothesis import given, settings
from hypothesis import strategies as st

from qms.errors import DocumentError
from qms.sections import Section, read_sections

docx = pytest.importorskip("docx", reason="Word documents are made with python-docx, of the extra 'word'")


class Part(NamedTuple):
    number: str
    heading: str
    paragraphs: tuple[str, ...]


PROCEDURES = {
    "en": (
        Part("1", "Purpose", ("This procedure says how exhibits are kept.",)),
        Part("2", "Examination of the scene", ("Photograph the scene first.", "Wear gloves and a mask.")),
        Part("2.1", "Packing", ("Every exhibit has its own bag, sealed and signed within 12 hours.",)),
        Part("2.2", "Transport", ("Between 2 and 8 °C, in a locked vehicle.",)),
        Part("3", "Records", ("Keep the log for ten years.",)),
    ),
    "sq": (
        Part("1", "Qëllimi", ("Kjo procedurë përshkruan ruajtjen e provave materiale.",)),
        Part("2", "Këqyrja e vendit të ngjarjes", ("Së pari bëni fotografi.", "Përdorni doreza dhe maskë.")),
        Part("2.1", "Paketimi", ("Çdo provë ka çantën e vet, të vulosur brenda 12 orëve.",)),
        Part("2.2", "Transporti", ("Ndërmjet 2 dhe 8 °C, në automjet të mbyllur.",)),
        Part("3", "Përgjegjësitë", ("Shefi i njësisë përgjigjet për zbatimin.",)),
    ),
    "sr-Latn": (
        Part("1", "Svrha", ("Ovaj postupak opisuje čuvanje tragova.",)),
        Part("2", "Uviđaj na licu mesta", ("Najpre fotografišite mesto događaja.", "Nosite rukavice.")),
        Part("2.1", "Pakovanje", ("Svaki trag ima svoju kesu, zapečaćenu u roku od 12 časova.",)),
        Part("2.2", "Prevoz", ("Između 2 i 8 °C, u zaključanom vozilu.",)),
        Part("3", "Odgovornosti", ("Šef jedinice je odgovoran za đačku praksu.",)),
    ),
    "sr-Cyrl": (
        Part("1", "Сврха", ("Овај поступак описује чување трагова.",)),
        Part("2", "Увиђај на лицу места", ("Најпре фотографишите место догађаја.", "Носите рукавице.")),
        Part("2.1", "Паковање", ("Сваки траг има своју кесу, запечаћену у року од 12 часова.",)),
        Part("2.2", "Превоз", ("Између 2 и 8 °C, у закључаном возилу.",)),
        Part("3", "Одговорности", ("Шеф јединице је одговоран за њихов рад.",)),
    ),
    "bs": (
        Part("1", "Svrha", ("Ova procedura opisuje čuvanje tragova.",)),
        Part("2", "Uviđaj na mjestu događaja", ("Prvo fotografišite mjesto događaja.", "Nosite rukavice.")),
        Part("2.1", "Pakovanje", ("Svaki trag ima svoju vrećicu, zapečaćenu u roku od 12 sati.",)),
        Part("2.2", "Prijevoz", ("Između 2 i 8 °C, u zaključanom vozilu.",)),
        Part("3", "Odgovornosti", ("Šef jedinice odgovara za provođenje.",)),
    ),
    "mk": (
        Part("1", "Цел", ("Оваа постапка го опишува чувањето на трагите.",)),
        Part("2", "Увид на местото на настанот", ("Прво фотографирајте го местото.", "Носете ракавици.")),
        Part("2.1", "Пакување", ("Секоја трага има своја ќесичка, запечатена во рок од 12 часа.",)),
        Part("2.2", "Превоз", ("Меѓу 2 и 8 °C, во заклучено возило.",)),
        Part("3", "Одговорности", ("Раководителот одговара за сѐ што е пропишано.",)),
    ),
}


def as_told(parts: tuple[Part, ...]) -> list[tuple[str, str, str, int]]:
    return [(part.number, part.heading, " ".join(part.paragraphs), part.number.count(".") + 1) for part in parts]


def as_read(path: Path) -> list[tuple[str, str, str, int]]:
    return [(one.number, one.heading, one.text.replace("\n", " "), one.level) for one in read_sections(path)]


def element(parent: Any, tag: str, **attributes: object) -> Any:
    found = docx.oxml.OxmlElement(tag)
    for key, value in attributes.items():
        found.set(docx.oxml.ns.qn(f"w:{key}"), str(value))
    parent.append(found)
    return found


def number_headings(document: Any) -> None:
    """Number the heading styles as Word's multilevel list does, so that no number is typed."""
    numbering = document.part.numbering_part.element
    abstract = docx.oxml.OxmlElement("w:abstractNum")
    abstract.set(docx.oxml.ns.qn("w:abstractNumId"), "77")
    numbering.insert(0, abstract)
    for depth in range(3):
        level = element(abstract, "w:lvl", ilvl=depth)
        element(level, "w:start", val=1)
        element(level, "w:numFmt", val="decimal")
        element(level, "w:pStyle", val=f"Heading{depth + 1}")
        element(level, "w:lvlText", val=".".join(f"%{each + 1}" for each in range(depth + 1)) + ".")
        style = document.styles[f"Heading {depth + 1}"].element.get_or_add_pPr()
        element(element(style, "w:numPr"), "w:numId", val=77)
    element(element(numbering, "w:num", numId=77), "w:abstractNumId", val=77)


def write_word(path: Path, parts: tuple[Part, ...], *, typed: str = "") -> Path:
    """Write a Word document with automatic numbers, or with typed ones in headings of a style or only in bold."""
    document = docx.Document()
    if not typed:
        number_headings(document)
    for part in parts:
        words = f"{part.number}. {part.heading}" if typed else part.heading
        if typed == "bold":
            document.add_paragraph().add_run(words).bold = True
        else:
            document.add_heading(words, part.number.count(".") + 1)
        for paragraph in part.paragraphs:
            document.add_paragraph(paragraph)
    document.save(str(path))
    return path


def write_pdf(path: Path, parts: tuple[Part, ...], *, page: str = "", set_apart: str = "heading") -> Path:
    source = [
        f'#set page(paper: "a5", header: [SOP-07 | 3], footer: context [#counter(page).display()], {page})',
        '#set text(font: ("Libertinus Serif", "DejaVu Serif"), hyphenate: true, lang: "en")',
        '#set par(justify: true)\n#set heading(numbering: "1.1")',
    ]
    for part in parts:
        marks = "=" * (part.number.count(".") + 1)
        if set_apart == "heading":
            source.append(f"{marks} {part.heading}")
        else:
            typed = f'#"{part.number} {part.heading}"'
            source.append(f"*{typed}*\n" if set_apart == "bold" else f"{typed}\n")
        source.extend(part.paragraphs)
    path.write_bytes(typst.compile("\n\n".join(source).encode()))
    return path


def write_markdown(path: Path, parts: tuple[Part, ...]) -> Path:
    blocks = ["---\ntitle: SOP-07\n---"]
    for part in parts:
        blocks += [f"{'#' * (part.number.count('.') + 1)} {part.number} {part.heading}", *part.paragraphs]
    path.write_text("\n\n".join(blocks), encoding="utf-8")
    return path


def write_text(path: Path, parts: tuple[Part, ...]) -> Path:
    blocks = [f"{part.number}. {part.heading}\n\n" + "\n".join(part.paragraphs) for part in parts]
    path.write_text("\r\n\r\n".join(blocks), encoding="utf-16")
    return path


WRITERS = {
    "Word, numbered by style": lambda path, parts: write_word(path, parts),
    "Word, typed in headings": lambda path, parts: write_word(path, parts, typed="heading"),
    "Word, typed in bold": lambda path, parts: write_word(path, parts, typed="bold"),
    "PDF, headings": lambda path, parts: write_pdf(path, parts),
    "PDF, bold": lambda path, parts: write_pdf(path, parts, set_apart="bold"),
    "PDF, nothing set apart": lambda path, parts: write_pdf(path, parts, set_apart=""),
    "Markdown": write_markdown,
    "text": write_text,
}


@pytest.mark.parametrize("language", PROCEDURES)
@pytest.mark.parametrize("form", WRITERS)
def test_what_was_written_is_read_in_every_language_and_format(form: str, language: str, tmp_path: Path) -> None:
    parts = PROCEDURES[language]
    path = WRITERS[form](tmp_path / "a file whose name says nothing", parts)
    found = as_read(path)
    if form.startswith("PDF"):
        found = [(*each[:2], each[2].removesuffix(" 1").removeprefix("SOP-07 | 3 "), each[3]) for each in found]
        found = [each for each in found if each[0]]
    assert found == as_told(parts)


def test_formats_agree_on_the_hashes(tmp_path: Path) -> None:
    long = tuple(part._replace(paragraphs=part.paragraphs * 40) for part in PROCEDURES["mk"])
    word = read_sections(write_word(tmp_path / "word", long))
    for other in (write_pdf(tmp_path / "pdf", long), write_markdown(tmp_path / "md", long)):
        read = {one.number: one.sha256 for one in read_sections(other) if one.number}
        assert read == {one.number: one.sha256 for one in word}


def test_rewrapping_a_pdf_changes_no_hash(tmp_path: Path) -> None:
    filler = (
        "Documentation of the examination, notwithstanding responsibilities, is chain-of-custody documentation. "
    )
    parts = (
        Part("1", "Responsibilities for the chain-of-custody documentation at scenes of crime", (filler * 30,)),
        Part("2", "Transport", (filler * 20, "The chain-of-custody form is signed.")),
    )
    pages = ("", "margin: (x: 3.1cm, y: 2cm)", "margin: (x: 1.3cm, y: 2.4cm)", "columns: 2")
    hashes = {
        tuple(one.sha256 for one in read_sections(write_pdf(tmp_path / f"{n}.pdf", parts, page=page)))
        for n, page in enumerate(pages)
    }
    assert len(hashes) == 1
    assert len(hashes.pop()) == 2


def test_header_footer_and_contents_of_a_pdf_are_left_out(tmp_path: Path) -> None:
    body = "\n\n".join(f"= Part {n}\n\n#lorem(260)" for n in "ABCDE")
    source = (
        '#set page(paper: "a5", header: [Manual, revision 4], footer: context [Page #counter(page).display()])\n'
        f'#set heading(numbering: "1.1")\n#outline()\n#pagebreak()\n{body}'
    )
    path = tmp_path / "manual.pdf"
    path.write_bytes(typst.compile(source.encode()))
    sections = read_sections(path)
    assert [one.number for one in sections if one.number] == ["1", "2", "3", "4", "5"]
    everything = " ".join(one.text for one in sections)
    assert "revision" not in everything
    assert "Page" not in everything
    assert not re.search(r"\d", everything)


def test_lists_continue_restart_and_count_in_letters(tmp_path: Path) -> None:
    document = docx.Document()
    number_headings(document)
    numbering = document.part.numbering_part.element
    annexes = docx.oxml.OxmlElement("w:abstractNum")
    annexes.set(docx.oxml.ns.qn("w:abstractNumId"), "78")
    numbering.insert(0, annexes)
    for depth, (form, pattern) in enumerate(
        [("upperLetter", "Annex %1"), ("decimal", "%1.%2"), ("lowerRoman", "(%3)")]
    ):
        level = element(annexes, "w:lvl", ilvl=depth)
        element(level, "w:numFmt", val=form)
        element(level, "w:lvlText", val=pattern)
    element(element(numbering, "w:num", numId=78), "w:abstractNumId", val=78)
    again = element(numbering, "w:num", numId=79)
    element(again, "w:abstractNumId", val=78)
    element(element(again, "w:lvlOverride", ilvl=0), "w:startOverride", val=5)

    def add(words: str, level: int, list_id: int | None = None, depth: int = 0) -> None:
        properties = document.add_heading(words, level)._p.get_or_add_pPr()
        if list_id is not None:
            numbers = element(properties, "w:numPr")
            element(numbers, "w:ilvl", val=depth)
            element(numbers, "w:numId", val=list_id)

    add("a", 1)
    add("b", 3)
    add("c", 3)
    add("d", 2)
    add("not numbered", 1, 0)
    add("e", 1)
    add("f", 2)
    add("forms", 1, 78)
    add("first", 2, 78, 1)
    add("part", 3, 78, 2)
    add("part", 3, 78, 2)
    add("more forms", 1, 79)
    add("still more", 1, 79)
    document.save(str(tmp_path / "numbered.docx"))
    assert [one.number for one in read_sections(tmp_path / "numbered.docx")] == [
        "1", "1.1.1", "1.1.2", "1.2", "", "2", "2.1", "Annex A", "A.1", "i", "ii", "Annex E", "Annex F",
    ]  # fmt: skip


WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def word_of(tmp_path: Path, body: str) -> Path:
    document = docx.Document()
    old = document.element.body
    new = docx.oxml.parse_xml(
        f'<w:body xmlns:w="{WORD}" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">{body}</w:body>'
    )
    old.getparent().replace(old, new)
    path = tmp_path / "made.docx"
    document.save(str(path))
    return path


def run(words: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{words}</w:t></w:r>'


def test_tracked_changes_are_read_as_accepted(tmp_path: Path) -> None:
    marks = 'w:id="1" w:author="QM"'
    gone = f"<w:pPr><w:rPr><w:del {marks}/></w:rPr></w:pPr>"
    path = word_of(
        tmp_path,
        f"<w:p>{run('Seal ')}<w:del {marks}><w:r><w:delText>most</w:delText></w:r></w:del>"
        f"<w:ins {marks}>{run('all')}</w:ins>{run(' bags')}<w:moveFrom {marks}>{run('moved')}</w:moveFrom></w:p>"
        f"<w:p>{gone}{run('Sign ')}</w:p><w:p>{run('each.')}</w:p>"
        f"<w:tbl><w:tr><w:trPr><w:del {marks}/></w:trPr><w:tc><w:p>{run('old row')}</w:p></w:tc></w:tr>"
        f"<w:tr><w:tc><w:p>{run('Tool')}</w:p></w:tc><w:tc><w:p>{run('Due')}</w:p></w:tc></w:tr></w:tbl>",
    )
    assert [one.text for one in read_sections(path)] == ["Seal all bags\nSign each.\nTool | Due"]


def test_text_boxes_are_read_once_fields_by_their_result_and_contents_not(tmp_path: Path) -> None:
    box = f"<w:txbxContent><w:p>{run('In a box.')}</w:p></w:txbxContent>"
    path = word_of(
        tmp_path,
        f"<w:sdt><w:sdtPr><w:docPartObj><w:docPartGallery w:val='Table of Contents'/></w:docPartObj></w:sdtPr>"
        f"<w:sdtContent><w:p>{run('1 Purpose 3')}</w:p></w:sdtContent></w:sdt>"
        f"<w:p><w:pPr><w:outlineLvl w:val='0'/></w:pPr>{run('4) Purpose')}</w:p>"
        f"<w:p>{run('See')}<w:r><w:tab/><w:fldChar w:fldCharType='begin'/><w:instrText>REF x</w:instrText></w:r>"
        f"{run('5.2')}<w:r><mc:AlternateContent><mc:Choice Requires='wps'>{box}</mc:Choice>"
        f"<mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r></w:p>",
    )
    (section,) = read_sections(path)
    assert (section.number, section.heading, section.text) == ("4", "Purpose", "See 5.2\nIn a box.")


def test_a_numbered_line_in_a_list_is_no_heading(tmp_path: Path) -> None:
    path = tmp_path / "steps.md"
    path.write_text(
        "# 4 Steps\n\n1. Photograph\n2. Measure\n\n5.2 mm is the depth.\n\n```\n# 5 Not a heading\n```\n\nFirst\n"
        "\n5 Records\n=========\n\nKept.\n\n<!-- to do -->\n\n| Form | Copies |\n|---|---|\n| F-1 | 2 |\n",
        encoding="utf-8",
    )
    assert [(one.number, one.heading, one.text) for one in read_sections(path)] == [
        ("4", "Steps", "Photograph\nMeasure\n5.2 mm is the depth.\n# 5 Not a heading\nFirst"),
        ("5", "Records", "Kept.\nForm | Copies\nF-1 | 2"),
    ]


def test_text_before_the_first_heading_and_numbers_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "procedure.txt"
    path.write_text(
        "Procedure of the unit\n12.05.2026 was the first edition\n\n1. PURPOSE\n2 swabs for each stain.\n\n"
        "1.1 Scope\nAll scenes.\n\n1) Gloves\n2) Masks\n\n7 Ten\n\n2 Terms\n\nNone.\n",
        encoding="utf-8",
    )
    assert [(one.number, one.heading) for one in read_sections(path)] == [
        ("", ""), ("1", "PURPOSE"), ("1.1", "Scope"), ("2", "Terms"),
    ]  # fmt: skip


def test_roman_numbers_annexes_questions_and_contents_in_plain_bold(tmp_path: Path) -> None:
    document = docx.Document()
    for words in ("1. Scope", "2. Terms", "2.1. Who signs?", "3. Records", "Annex A"):
        document.add_paragraph().add_run(words).bold = True
    for words in (
        "1. Scope",
        "2. Terms",
        "2.1. Who signs?",
        "3. Records",
        "Прилог А - обрасци",
        "IV. ЗАВРШНЕ ОДРЕДБЕ",
    ):
        document.add_paragraph().add_run(words).bold = True
        document.add_paragraph("Text of it, see 9 Forms.")
    document.save(str(tmp_path / "bold.docx"))
    found = [(one.number, one.heading, one.text != "") for one in read_sections(tmp_path / "bold.docx")]
    assert found == [
        ("1", "Scope", True),
        ("2", "Terms", True),
        ("2.1", "Who signs?", True),
        ("3", "Records", True),
        ("", "Прилог А - обрасци", True),
        ("IV", "ЗАВРШНЕ ОДРЕДБЕ", True),
    ]


def test_bold_lines_that_do_not_continue_the_numbers_are_text(tmp_path: Path) -> None:
    document = docx.Document()
    for words in (
        "4. Steps",
        "1. Photograph",
        "2. Measure",
        "30 Minutes later",
        "5. Records",
        "A.1 Form",
        "A.2 Label",
    ):
        document.add_paragraph().add_run(words).bold = True
    document.save(str(tmp_path / "bold.docx"))
    found = [(one.number, one.text) for one in read_sections(tmp_path / "bold.docx")]
    assert found == [("4", "1. Photograph\n2. Measure\n30 Minutes later"), ("5", ""), ("A.1", ""), ("A.2", "")]


def test_a_styled_heading_has_a_number_only_if_it_is_one(tmp_path: Path) -> None:
    read = {
        "1 Scope": ("1", "Scope"),
        "2 Terms": ("2", "Terms"),
        "9 mm ammunition": ("", "9 mm ammunition"),
        "2 x 9 mm cartridges": ("", "2 x 9 mm cartridges"),
        "24 hours duty": ("", "24 hours duty"),
        "3 Records": ("3", "Records"),
        "4": ("4", ""),
        "6 Whys": ("", "6 Whys"),
        "I. Hyrje": ("I", "Hyrje"),
        "L. Hoxha": ("", "L. Hoxha"),
        "Члан 5": ("Члан 5", ""),
        "Neni 5 Objekti": ("Neni 5", "Objekti"),
        "§ 4 Sealing": ("§ 4", "Sealing"),
        "1.01 Purpose": ("1.01", "Purpose"),
    }
    document = docx.Document()
    for heading in read:
        document.add_heading(heading, 1)
    document.save(str(tmp_path / "styled.docx"))
    assert [(one.number, one.heading) for one in read_sections(tmp_path / "styled.docx")] == list(read.values())


def test_articles_in_plain_bold_are_sections(tmp_path: Path) -> None:
    document = docx.Document()
    for words in ("Члан 1", "Член 2", "Neni 3"):
        document.add_paragraph().add_run(words).bold = True
        document.add_paragraph(f"Text, see {words}.")
    document.save(str(tmp_path / "articles.docx"))
    found = [(one.number, one.heading, one.text) for one in read_sections(tmp_path / "articles.docx")]
    assert found == [(words, "", f"Text, see {words}.") for words in ("Члан 1", "Член 2", "Neni 3")]


def test_headings_laid_out_in_a_table_are_sections(tmp_path: Path) -> None:
    def cell(words: str, bold: bool = False) -> str:
        return f"<w:p><w:r>{'<w:rPr><w:b/></w:rPr>' if bold else ''}<w:t>{words}</w:t></w:r></w:p>"

    rows = [
        (cell("1.", True), cell("Scope", True)), (cell(""), cell("All bags.")), (cell("2"), cell("Sealing", True)),
        (cell("Seal bags.") + cell("3. Records", True) + cell("Kept."),), (cell("1"), cell("Label")),
        (cell("Tool"), cell("Due", True)),
    ]  # fmt: skip
    table = "".join(f"<w:tr>{''.join(f'<w:tc>{each}</w:tc>' for each in row)}</w:tr>" for row in rows)
    path = word_of(tmp_path, f"<w:tbl>{table}</w:tbl>")
    assert [(one.number, one.heading, one.text) for one in read_sections(path)] == [
        ("1", "Scope", "All bags."), ("2", "Sealing", "Seal bags."),
        ("3", "Records", "Kept.\n1 | Label\nTool | Due"),
    ]  # fmt: skip


def test_a_clause_in_a_heading_style_is_text_with_a_number(tmp_path: Path) -> None:
    clause = "The unit shall keep every exhibit under seal. " * 10
    path = tmp_path / "clauses.docx"
    document = docx.Document()
    document.add_heading(f"4.1 {clause}", 2)
    document.save(str(path))
    (section,) = read_sections(path)
    assert (section.number, section.heading, section.text, section.level) == ("4.1", "", clause.strip(), 2)


WORDS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8)
TEXTS = st.lists(WORDS, min_size=1, max_size=30)
SPACES = st.sampled_from([" ", "\n", "  ", "\u00a0", "\t", "\r\n", "\u2003"])


@given(heading=TEXTS, words=TEXTS, data=st.data())
@settings(max_examples=60)
def test_wrapping_and_normalisation_leave_the_hash(
    heading: list[str], words: list[str], data: st.DataObject
) -> None:
    plain = Section(number="5.2", heading=" ".join(heading), text=" ".join(words), level=2)
    wrapped = "".join(word + data.draw(SPACES) for word in words)
    for form in ("NFC", "NFD"):
        other = Section(
            heading=unicodedata.normalize(form, " ".join(heading)), text=unicodedata.normalize(form, wrapped)
        )
        assert other.sha256 == plain.sha256


@given(language=st.sampled_from(sorted(PROCEDURES)), data=st.data())
@settings(max_examples=40)
def test_one_letter_changes_exactly_one_hash(language: str, data: st.DataObject, tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.getbasetemp()
    parts = list(PROCEDURES[language])
    before = read_sections(write_markdown(folder / "before", tuple(parts)))
    which = data.draw(st.integers(0, len(parts) - 1))
    text = parts[which].paragraphs[0]
    at = data.draw(st.sampled_from([n for n, letter in enumerate(text) if letter.isalnum()]))
    letter = data.draw(st.sampled_from([other for other in "aжë7" if other != text[at]]))
    parts[which] = parts[which]._replace(
        paragraphs=(text[:at] + letter + text[at + 1 :], *parts[which].paragraphs[1:])
    )
    after = read_sections(write_markdown(folder / "after", tuple(parts)))
    assert [n for n, (a, b) in enumerate(zip(before, after, strict=True)) if a.sha256 != b.sha256] == [which]


@pytest.mark.parametrize(("one", "other"), [("10²", "102"), ("10-20", "1020"), ("ѓ", "г"), ("resign", "re-sign")])
def test_what_is_not_white_space_changes_the_hash(one: str, other: str) -> None:
    assert Section(text=one).sha256 != Section(text=other).sha256


def test_moving_words_over_the_border_of_the_heading_changes_the_hash() -> None:
    assert Section(heading="Seal", text="every bag").sha256 != Section(heading="Seal every", text="bag").sha256


def test_a_missing_file_a_folder_and_an_empty_file_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "empty.docx").touch()
    for path, said in (
        (tmp_path / "gone.docx", "there is no file"),
        (tmp_path, "folder"),
        (tmp_path / "empty.docx", "empty"),
    ):
        with pytest.raises(DocumentError, match=said):
            read_sections(path)
