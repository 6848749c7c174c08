"""The sections of a validation report that say what was tried, on what, how, and what was asked beforehand."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from ballistics.assessment_wording import NAMES
from ballistics.document.blocks import Block, Facts, Note, Paragraph, Section, Table
from ballistics.evidence.likelihood_ratio import BOUND_NAMES
from ballistics.evidence.scales import figure
from ballistics.language import gettext as _
from ballistics.language import translated
from ballistics.output import printable
from ballistics.validation.contract import ValidationRecord
from ballistics.validation.criteria import NO_CRITERIA, Criterion, Outcome
from ballistics.validation.wording import (
    ABOVE_ONE,
    ASKED,
    BELOW_ONE,
    DERIVATIONS,
    LEFT_OUT,
    MET,
    METHODS,
    MISLEADING_DIFFERENT,
    MISLEADING_SAME,
    SPLIT_NAMES,
    SPLITS,
)

MOST_VALUES = 12
PIXEL = re.compile(r"photographs of (\S+) um a pixel")
COUNTED = {"firearms", "known_matches", "known_non_matches"}
COSTS = {"cllr", "cllr_upper", "cllr_min", "cllr_cal", "devpav"}


def purpose_section(purpose: str) -> Section:
    """Return what the method is to be used for, in the words of the laboratory, or a place for them."""
    blocks: list[Block] = [
        Paragraph(
            text=_(
                "This report is laid out for the records that a laboratory keeps of the validation of a method "
                "under ISO/IEC 17025:2017, 7.2.2, and of software that compares toolmark topographies under "
                "ANSI/ASB 062. Whether their requirements are met is for the laboratory and its assessor to judge."
            )
        )
    ]
    if purpose.strip():
        blocks.append(Facts(rows=((_("Intended use"), printable(purpose)),)))
    else:
        blocks.append(
            Note(
                title=_("Intended use: to be stated by the laboratory"),
                text=_(
                    "Neither the criteria nor the case file states it. Figures can be held against a use only "
                    "once it is written down."
                ),
            )
        )
    return Section(title=_("Purpose and intended use"), blocks=tuple(blocks))


def method_section(found: ValidationRecord) -> Section:
    """Return what was tried."""
    tried, how = found.tried, found.how
    nothing = _("not recorded")
    rows = (
        (_("Kind of mark"), tried.mark or nothing),
        (_("Parameter set"), tried.parameters or nothing),
        (_("Its SHA-256"), tried.parameter_hash or nothing),
        *_lengths(found),
        (_("Scores"), ", ".join(score_name(name) for name in tried.columns)),
        (_("Calibrator"), calibrator(found)),
        (_("Bounds"), translated(BOUND_NAMES.get(how.bound, how.bound))),
        (_("Doubts accepted by a person"), ", ".join(tried.accept) or _("none")),
        (_("Software of the scores"), ", ".join(f"{name} {of}" for name, of in tried.versions.items()) or nothing),
        (_("Software of this validation"), f"forensic-ballistics {tried.library}"),
    )
    text = _(
        "The method that was tried is the whole way from the files to a likelihood ratio: preparation and "
        "comparison under the parameter set, the score, the calibrator that turns it into a likelihood ratio, and "
        "the bound."
    )
    return Section(title=_("What was tried"), blocks=(Paragraph(text=text), Facts(rows=rows)))


def material_section(found: ValidationRecord) -> Section:
    """Return what it was tried on, and what was left out."""
    tested, measures = found.tested, found.measures
    truth = tested.truth
    studies = sorted(tested.classes.get("study", {}))
    rows = [
        (_("Study"), ", ".join(studies) or _("not named in the manifest")),
        (_("Manifest"), f"{truth.name}\n{truth.sha256}" if truth else _("none")),
        (_("Firearms"), f"{tested.firearms:,}"),
        (_("Items"), f"{tested.items:,}"),
        (_("Known matches"), f"{measures.known_matches:,}"),
        (_("Known non-matches"), f"{measures.known_non_matches:,}"),
        (_("Coverage"), _coverage(found)),
        (_("Files with a known SHA-256"), f"{len(tested.inputs):,}"),
        (_("Files of the manifest in no pair"), _few(tested.unused) or _("none")),
    ]
    return Section(
        title=_("What it was tried on"),
        blocks=(Facts(rows=tuple(rows)), *_classes(found), *_left_out(found)),
    )


def split_section(found: ValidationRecord) -> Section:
    """Return how pairs were split, in plain words."""
    how, measures = found.how, found.measures
    values: dict[str, dict[str, object]] = {
        "leave one firearm out": {"firearms": measures.firearms, "groups": how.groups},
        "repeated folds": {
            "firearms": measures.firearms,
            "groups": how.groups,
            "repeats": how.split.repeats,
            "seed": how.split.seed,
        },
        "untouched": {"population": how.population.name if how.population else ""},
    }
    text = _(SPLITS[how.split.name], **values[how.split.name])
    derived = " ".join([_(DERIVATIONS[how.derivation]), translated(how.derivation_reason)]).strip()
    lower, upper = min(found.lower), max(found.upper)
    rows = [
        (_("Split"), _(SPLIT_NAMES[how.split.name])),
        (_("Calibrators fitted"), f"{how.fits:,}"),
        (_("Bounds that pairs met"), _("LR {lower} to {upper}", lower=figure(lower), upper=figure(upper))),
        (
            _("Interval of Cllr"),
            _(
                "{level:.0%}, over the choice of firearms; {draws:,} draws from seed {seed}",
                level=how.level,
                draws=how.draws,
                seed=how.seed,
            ),
        ),
    ]
    if how.population is not None:
        of = how.population
        sized = _(
            "{name}: {firearms:,} firearms, {matches:,} known matches, {others:,} known non-matches",
            name=of.name,
            firearms=of.firearms,
            matches=of.known_matches,
            others=of.known_non_matches,
        )
        rows += [(_("Reference population"), sized), (_("Its SHA-256"), of.sha256)]
        rows.append((_("Pairs beyond what it supports"), f"{how.beyond or 0:,}"))
    return Section(
        title=_("How it was tried"),
        blocks=(Paragraph(text=text), Paragraph(text=derived), Facts(rows=tuple(rows))),
    )


def criteria_section(found: ValidationRecord) -> Section:
    """Return what was asked beforehand, and whether it was met."""
    title, asked = _("Acceptance criteria"), found.criteria
    if asked is None:
        return Section(title=title, blocks=(Paragraph(text=translated(NO_CRITERIA)),))
    rows = tuple(
        (criterion_name(each.criterion.name), limit_text(each.criterion), _value(each), _met(each))
        for each in found.outcomes
    )
    facts = ((_("Set by"), asked.author), (_("On"), f"{asked.date}"), (_("File"), f"{asked.file}\n{asked.sha256}"))
    table = Table(
        head=(_("Figure"), _("Limit"), _("Found"), _("Outcome")),
        rows=rows,
        caption=_("What was asked before the trial, and what was found. A figure on its limit meets it."),
    )
    return Section(title=title, blocks=(Facts(rows=facts), table))


def criterion_name(name: str) -> str:
    """Return what a criterion is about, in words."""
    if name in ASKED:
        return translated(ASKED[name])
    _kind, side, lr = name.split("_")
    if lr == "1":
        return translated(BELOW_ONE if side == "same" else ABOVE_ONE)
    return translated((MISLEADING_SAME if side == "same" else MISLEADING_DIFFERENT).filled(lr=lr))


def limit_text(criterion: Criterion) -> str:
    """Return the limit of a criterion in words."""
    shown = amount(criterion.name, criterion.limit)
    return (
        _("at most {limit}", limit=shown) if criterion.sense == "at_most" else _("at least {limit}", limit=shown)
    )


def amount(name: str, value: float) -> str:
    """Return a figure as suits its kind.

    Examples
    --------
    >>> amount("cllr", 0.0254), amount("firearms", 12.0), amount("coverage", 0.995)
    ('0.0254', '12', '99.5%')
    """
    if name in COUNTED:
        return f"{value:,.0f}"
    return f"{value:.3g}" if name in COSTS else f"{100 * value:.4g}%"


def bits(value: float) -> str:
    """Return a cost with three decimals, or as many as three significant digits need.

    Examples
    --------
    >>> bits(0.4712), bits(0.00912), bits(0.0000144), bits(0.0)
    ('0.471', '0.00912', '0.0000144', '0.000')
    """
    leading = math.floor(math.log10(abs(value))) if value else 0
    return f"{value:.{max(3, 2 - leading)}f}"


def lengths_of(found: ValidationRecord) -> tuple[str, str]:
    """Return the unit that scans were read in, and the pixel of photographs in µm; empty where it was not said."""
    unit, _comma, pixel = (found.tried.units or "").partition(", ")
    said = PIXEL.fullmatch(pixel)
    return unit, said[1] if said else ""


def calibrator(found: ValidationRecord) -> str:
    """Return how calibrators are fitted, in words."""
    method = found.how.method
    said = _(METHODS[method.name])
    if method.penalty is None:
        return said
    return _("{method}, penalty {penalty:g}", method=said, penalty=method.penalty)


def score_name(name: str) -> str:
    """Return what a column of scores is called."""
    return translated(NAMES.get(name, printable(name)))


def _lengths(found: ValidationRecord) -> Iterator[tuple[str, str]]:
    unit, pixel_um = lengths_of(found)
    yield _("Unit of the scans"), _("as each file says") if unit == "auto" else unit or _("not recorded")
    if pixel_um:
        yield _("Pixel of the photographs"), _("{length} µm", length=pixel_um)


def _value(outcome: Outcome) -> str:
    return "-" if outcome.value is None else amount(outcome.criterion.name, outcome.value)


def _met(outcome: Outcome) -> str:
    said = _(MET[outcome.met])
    return f"{said}: {translated(outcome.reason)}" if outcome.reason else said


def _coverage(found: ValidationRecord) -> str:
    refused = found.tested.left_out_counts.get("not comparable", 0)
    return _(
        "{share:.4g}% of pairs compared, {refused:,} not comparable",
        share=100 * found.tested.coverage,
        refused=refused,
    )


def _few(names: tuple[str, ...]) -> str:
    shown = ", ".join(printable(name) for name in names[:MOST_VALUES])
    return (
        shown
        if len(names) <= MOST_VALUES
        else _("{names} and {more:,} more", names=shown, more=len(names) - MOST_VALUES)
    )


def _classes(found: ValidationRecord) -> Iterator[Block]:
    rows = []
    for name, values in found.tested.classes.items():
        often = sorted(values.items(), key=lambda each: (-each[1], each[0]))
        rows += [(printable(name), printable(value), f"{items:,}") for value, items in often[:MOST_VALUES]]
        if rest := often[MOST_VALUES:]:
            said = _("{more:,} further values", more=len(rest))
            rows.append((printable(name), said, f"{sum(items for _value, items in rest):,}"))
    if rows:
        yield Table(
            head=(_("Column of the manifest"), _("Value"), _("Items")),
            rows=tuple(rows),
            caption=_("What the manifest says of the items, besides their firearm."),
            numbers=(2,),
        )


def _left_out(found: ValidationRecord) -> Iterator[Block]:
    left = found.tested.left_out
    if not left:
        yield Paragraph(text=_("No pair was left out."))
        return
    of = {kind: Counter(each.same for each in left if each.kind == kind) for kind in found.tested.left_out_counts}
    yield Table(
        head=(_("Pairs left out because"), _("Pairs"), _("of one firearm"), _("of two firearms")),
        rows=tuple(
            (_(LEFT_OUT[kind]), f"{counts.total():,}", f"{counts[True]:,}", f"{counts[False]:,}")
            for kind, counts in of.items()
        ),
        caption=_("Pairs without a score that was judged. Each is named with its reason in the appendix."),
        numbers=(1, 2, 3),
    )
