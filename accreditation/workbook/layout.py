"""How the sheets look and behave: styles, drop-downs, colours, protection, frozen panes, print set-up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from openpyxl import Workbook
from openpyxl.formatting.rule import ColorScaleRule, FormulaRule
from openpyxl.styles import Alignment, Border, Font, NamedStyle, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties

from accreditation.workbook.cells import plain_text, written
from accreditation.workbook.columns import Column

IDS, HEADERS, FIRST = 1, 2, 3
"""Rows of the hidden ids of the columns, of their headers, and of the first entry."""
LISTS = "_lists"
"""Hidden sheet with what drop-downs offer."""
SPARE = 50
"""Rows for new actions."""
GREEN, YELLOW, RED, GREY = "C6EFCE", "FFEB9C", "FFC7CE", "D9D9D9"
COLOURS = {"conforms": GREEN, "minor": YELLOW, "major": RED, "not_applicable": GREY}
URGENCY = {"blocker": RED, "warning": YELLOW}
STANDING = {"expired": RED, "rejected": RED, "expiring": YELLOW, "requested": GREY}
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
_FORMATS = {"text": "General", "number": "0", "day": "yyyy-mm-dd", "amount": "#,##0.00"}
_LONGEST_PROMPT = 255


def add_styles(book: Workbook) -> None:
    """Add the named styles: ``head``, ``title``, and ``locked`` or ``open`` for each thing that a column holds."""
    line = Side(style="thin", color="BFBFBF")
    border = Border(left=line, right=line, top=line, bottom=line)
    wrap = Alignment(vertical="top", wrap_text=True)
    dark, pale = PatternFill("solid", fgColor="1F3864"), PatternFill("solid", fgColor="FFFDE7")
    white = Font(bold=True, color="FFFFFF")
    book.add_named_style(NamedStyle("head", font=white, fill=dark, border=border, alignment=wrap))
    book.add_named_style(NamedStyle("title", font=Font(bold=True, size=14), alignment=Alignment(vertical="top")))
    for holds, pattern in _FORMATS.items():
        shared: dict[str, Any] = {"border": border, "alignment": wrap, "number_format": pattern}
        book.add_named_style(NamedStyle(f"locked {holds}", protection=Protection(locked=True), **shared))
        book.add_named_style(NamedStyle(f"open {holds}", protection=Protection(locked=False), fill=pale, **shared))


def put(sheet: Any, row: int, column: int, value: str | int | date | Decimal | None, style: str) -> None:
    """Write a cell; a text is never taken for a formula, whatever it begins with."""
    cell = sheet.cell(row, column)
    cell.style = style
    if isinstance(value, str):
        text = plain_text(value)
        cell.value = written(text) or None
        if text:
            cell.data_type = "s"
            cell.quotePrefix = text.startswith(_DANGEROUS)
    elif value is not None:
        pattern = cell.number_format
        cell.value = value
        cell.number_format = pattern


def put_table(
    sheet: Any,
    name: str,
    columns: Sequence[Column],
    headers: Mapping[str, str],
    rows: Iterable[Mapping[str, Any]],
    *,
    opened: bool = True,
) -> int:
    """Write the hidden ids, the headers and the rows of a table; return the number of the last row.

    Parameters
    ----------
    opened : bool
        Whether the columns that a person fills in are open in these rows.
    """
    for place, column in enumerate(columns, 1):
        put(sheet, IDS, place, f"{name}.{column.id}", "locked text")
        put(sheet, HEADERS, place, headers[column.id], "head")
        sheet.column_dimensions[get_column_letter(place)].width = column.width
    sheet.row_dimensions[IDS].hidden = True
    last = HEADERS
    for last, cells in enumerate(rows, FIRST):
        put_row(sheet, last, columns, cells, opened=opened)
    return last


def put_row(sheet: Any, row: int, columns: Sequence[Column], cells: Mapping[str, Any], *, opened: bool) -> None:
    """Write one row of a table."""
    for place, column in enumerate(columns, 1):
        style = "open" if opened and column.is_edited else "locked"
        put(sheet, row, place, cells.get(column.id), f"{style} {column.holds}")


def finish(sheet: Any, *, last: int, frozen: str, mark: str) -> None:
    """Freeze, filter, protect and set up for print a table.

    Parameters
    ----------
    last : int
        Number of its last row.
    frozen : str
        The first cell that scrolls.
    mark : str
        Stands at the head of every printed page.
    """
    sheet.freeze_panes = frozen
    if last >= FIRST:
        sheet.auto_filter.ref = f"A{HEADERS}:{get_column_letter(sheet.max_column)}{last}"
    sheet.print_title_rows = f"{HEADERS}:{HEADERS}"
    protect(sheet)
    set_up_print(sheet, mark)


def protect(sheet: Any) -> None:
    """Lock what is not to be edited, against slips and without a password."""
    sheet.protection.sheet = True
    for allowed in ("formatColumns", "formatRows", "autoFilter", "sort"):
        setattr(sheet.protection, allowed, False)


def set_up_print(sheet: Any, mark: str) -> None:
    """Print on landscape A4, as wide as the page, with page numbers."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.oddHeader.left.text = mark.replace("&", "&&")
    sheet.oddFooter.center.text = "&P / &N"


def offer(
    sheet: Any, column: str, rows: tuple[int, int], source: str, *, title: str, prompt: str, error: str
) -> None:
    """Offer a drop-down in a column."""
    rule = DataValidation(type="list", formula1=source, allow_blank=True, showErrorMessage=True)
    rule.promptTitle, rule.prompt, rule.showInputMessage = title[:32], prompt[:_LONGEST_PROMPT], bool(prompt)
    rule.errorTitle, rule.error = title[:32], error[:_LONGEST_PROMPT]
    sheet.add_data_validation(rule)
    rule.add(f"{column}{rows[0]}:{column}{rows[1]}")


def demand(sheet: Any, column: str, rows: tuple[int, int], what: str, least: str, *, error: str) -> None:
    """Demand a day, an amount or a text of some length in a column."""
    operator = "equal" if what == "textLength" else "greaterThanOrEqual"
    rule = DataValidation(type=what, operator=operator, formula1=least, allow_blank=True, showErrorMessage=True)
    rule.error = error[:_LONGEST_PROMPT]
    sheet.add_data_validation(rule)
    rule.add(f"{column}{rows[0]}:{column}{rows[1]}")


def colour(sheet: Any, column: str, last: int, words: Mapping[str, str], colours: Mapping[str, str]) -> None:
    """Colour the cells of a column by their words, whatever a person chooses."""
    for code, shade in colours.items():
        said = words[code].replace('"', '""')
        rule = FormulaRule(formula=[f'${column}{FIRST}="{said}"'], fill=PatternFill("solid", bgColor=shade))
        sheet.conditional_formatting.add(f"{column}{FIRST}:{column}{last}", rule)


def colour_levels(sheet: Any, column: str, last: int) -> None:
    """Colour levels of maturity from red over yellow to green."""
    scale = ColorScaleRule(
        start_type="num",
        start_value=0,
        start_color=RED,
        mid_type="num",
        mid_value=2.5,
        mid_color=YELLOW,
        end_type="num",
        end_value=5,
        end_color=GREEN,
    )
    sheet.conditional_formatting.add(f"{column}{FIRST}:{column}{last}", scale)


def put_lists(book: Workbook, lists: Mapping[str, Sequence[str]]) -> Mapping[str, str]:
    """Write what drop-downs offer in a hidden sheet, and return where each list stands."""
    sheet = book.create_sheet(LISTS)
    sheet.sheet_state = "veryHidden"
    places = {}
    for place, (name, entries) in enumerate(lists.items(), 1):
        for row, entry in enumerate(entries, 1):
            put(sheet, row, place, entry, "locked text")
        letter = get_column_letter(place)
        places[name] = f"{LISTS}!${letter}$1:${letter}${max(len(entries), 1)}"
    return places
