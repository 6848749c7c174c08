"""The sections of a validation report that say what was found: measures, plots, firearms, studies, worst pairs."""

from __future__ import annotations

import math

import numpy as np

from ballistics.document.blocks import Note, Paragraph, Section, Table
from ballistics.evidence.known_pairs import KnownPairs
from ballistics.evidence.scales import figure
from ballistics.language import gettext as _
from ballistics.language import translated
from ballistics.output import printable
from ballistics.page.firearm_plots import firearm_plot
from ballistics.page.plots import cross_entropy_plot, error_tradeoff_plot, reliability_plot, tippett_plot
from ballistics.page.score_histogram import score_histogram
from ballistics.validation.checking import unbounded_of
from ballistics.validation.contract import ValidationRecord
from ballistics.validation.measures import Rate
from ballistics.validation.plan import bits, score_name
from ballistics.validation.studies import StudyRow
from ballistics.validation.wording import BOUND_DOMINATES, FIGURES, JUDGED_BY, LIMITS

WORST = 10
NONE = "-"
DOMINATES = 0.5


def brief_section(found: ValidationRecord) -> Section:
    """Return the result in brief: numbers first, what was asked, and that deciding is for the laboratory."""
    measures, (first, *_rest) = found.measures, found.measures.misleading
    before = measures.cllr_unbounded
    headline = _(
        "Cllr {cllr} bits ({before} before the bounds), {interval}; {calibration} of it is lost by calibration "
        "and bounds. Without evidence it would be 1.",
        cllr=bits(measures.cllr),
        before=_("infinite") if before is None else bits(before),
        interval=_interval_words(found),
        calibration=bits(measures.cllr_cal),
    )
    judged = _(
        "{matches:,} known matches and {others:,} known non-matches of {firearms:,} firearms were judged. The "
        "likelihood ratio points the wrong way for {same:,} of the known matches ({same_share:.2%}, {level:.0%} "
        "interval {same_lower:.2%} to {same_upper:.2%}) and for {different:,} of the known non-matches "
        "({different_share:.2%}, {different_lower:.2%} to {different_upper:.2%}).",
        matches=measures.known_matches,
        others=measures.known_non_matches,
        firearms=measures.firearms,
        level=measures.level,
        same=first.same.count,
        same_share=first.same.share,
        same_lower=first.same.lower,
        same_upper=first.same.upper,
        different=first.different.count,
        different_share=first.different.share,
        different_lower=first.different.lower,
        different_upper=first.different.upper,
    )
    deciding = Note(
        title=_("What this report does not decide"),
        text=_(
            "It says what was tried and what was found. Whether the method is fit for its intended use is for the "
            "laboratory to state, in the last section."
        ),
    )
    texts = (Paragraph(text=headline, strong=True), Paragraph(text=judged), Paragraph(text=_criteria_words(found)))
    bounded = (Paragraph(text=each) for each in _bound_words(found))
    return Section(title=_("Result in brief"), blocks=(*texts, *bounded, deciding))


def results_section(found: ValidationRecord) -> Section:
    """Return the measures with their intervals, and every plot of all pairs."""
    same, values = found.pairs.same, np.array(found.log10_lr)
    unbounded = unbounded_of(found)
    return Section(
        title=_("Results"),
        blocks=(
            _measures(found),
            score_histogram(found.pairs),
            tippett_plot(values, same),
            cross_entropy_plot(values, same),
            reliability_plot(values, same),
            error_tradeoff_plot(unbounded, same),
        ),
    )


def misleading_section(found: ValidationRecord) -> Section:
    """Return how often likelihood ratios point the wrong way, and the pairs that a person should look at."""
    rows = tuple(
        (
            _("LR {lr} or more, the wrong way", lr=each.lr) if each.lr > 1 else _("any LR the wrong way"),
            *_rate(each.same),
            *_rate(each.different),
        )
        for each in found.measures.misleading
    )
    table = Table(
        head=(
            _("Strength"),
            _("Known matches"),
            _("Share"),
            _("Interval"),
            _("Known non-matches"),
            _("Share"),
            _("Interval"),
        ),
        rows=rows,
        caption=_(
            "Misleading evidence: known matches with an LR of 1 divided by the strength or less, known "
            "non-matches with an LR of the strength or more. Exact {level:.0%} intervals that take pairs as "
            "independent.",
            level=found.measures.level,
        ),
        numbers=(1, 2, 3, 4, 5, 6),
    )
    text = _(
        "The pairs below are those whose likelihood ratio before the bound lies farthest the wrong way, or least "
        "far the right way. They are where to look first: a scan of poor quality, a mark that is hardly there, a "
        "mistake in the manifest, or a limit of the method."
    )
    return Section(
        title=_("Misleading evidence and pairs to look at"),
        blocks=(
            table,
            Paragraph(text=text),
            _worst(found, same=True),
            _worst(found, same=False),
        ),
    )


def firearms_section(found: ValidationRecord) -> Section:
    """Return the likelihood ratios firearm by firearm."""
    rows = tuple(
        (
            printable(row.firearm),
            f"{row.known_matches:,}",
            _lr(row.lowest),
            _lr(row.median),
            f"{row.misleading_same:,}",
            f"{row.known_non_matches:,}",
            _lr(row.highest),
            f"{row.misleading_different:,}",
            f"{row.not_compared:,}",
        )
        for row in found.firearms
    )
    table = Table(
        head=(
            _("Firearm"),
            _("Known matches"),
            _("Lowest LR"),
            _("Median LR"),
            _("below 1"),
            _("Known non-matches"),
            _("Highest LR"),
            _("above 1"),
            _("Not compared"),
        ),
        rows=rows,
        caption=_("Every firearm. A known non-match counts in the rows of both its firearms."),
        numbers=tuple(range(1, 9)),
    )
    text = _(
        "The figure shows likelihood ratios before the bounds, so that pairs beyond a bound can be told apart; "
        "the table shows them within the bounds, as they are given."
    )
    plot = firearm_plot(unbounded_of(found), found.pairs.first_firearm, found.pairs.second_firearm)
    return Section(title=_("Firearm by firearm"), blocks=(Paragraph(text=text), plot, table))


def studies_section(found: ValidationRecord) -> Section:
    """Return how calibration carries over from study to study, and from the population."""
    title = _("Calibration across studies")
    if not found.studies:
        text = _(
            "There is one study, and no reference population beside it: how calibration carries over to another "
            "study was not tried."
        )
        return Section(title=title, blocks=(Paragraph(text=text),))
    table = Table(
        head=(
            _("Study"),
            _("Judged by"),
            _("Firearms"),
            _("Known matches"),
            _("Known non-matches"),
            "Cllr",
            "Cllr_min",
            "Cllr_cal",
            _("Misleading"),
        ),
        rows=tuple(_study(row) for row in found.studies),
        caption=_(
            "Each study judged by calibrators from elsewhere, beside what it reaches by itself. Misleading: known "
            "matches with an LR below 1 / known non-matches with an LR above 1."
        ),
        numbers=tuple(range(2, 9)),
    )
    reasons = tuple(
        Paragraph(
            text=_(
                "{study}, judged by {by}: {reason}",
                study=printable(row.study) or _("all pairs"),
                by=JUDGED_BY[row.judged_by],
                reason=printable(row.reason),
            )
        )
        for row in found.studies
        if row.reason
    )
    return Section(title=title, blocks=(table, *reasons))


def limits_section(found: ValidationRecord) -> Section:
    """Return what limits the figures: what always does, and what does here."""
    texts = [each.said for each in found.limits]
    texts += _bound_words(found)
    texts += [translated(each) for each in LIMITS]
    rows = tuple((f"{number}", text) for number, text in enumerate(texts, start=1))
    caption = _("What a reader must know before using a figure.")
    return Section(title=_("Limits"), blocks=(Table(head=("", _("Limit")), rows=rows, caption=caption),))


def bound_share(found: ValidationRecord) -> float:
    """Return what Cllr would be if every pair stood at the bound on its own side, as a share of Cllr."""
    same = found.pairs.same
    ends = np.where(same, -np.array(found.upper), np.array(found.lower))
    costs = np.logaddexp(0.0, ends * math.log(10)) / math.log(2)
    least = 0.5 * float(costs[same].mean() + costs[~same].mean())
    return min(least / found.measures.cllr, 1.0) if found.measures.cllr > 0 else 0.0


def _bound_words(found: ValidationRecord) -> list[str]:
    """What to know of Cllr where the bounds alone make more than half of it."""
    share = bound_share(found)
    return [_(BOUND_DOMINATES, share=share)] if share > DOMINATES else []


def _criteria_words(found: ValidationRecord) -> str:
    if found.criteria is None:
        return _("No acceptance criteria were given beforehand.")
    outcomes = [each.met for each in found.outcomes]
    return _(
        "Acceptance criteria that were given beforehand: {criteria}. Met: {met}. Not met: {failed}. Could not be "
        "judged: {unjudged}.",
        criteria=len(outcomes),
        met=outcomes.count("met"),
        failed=outcomes.count("not met"),
        unjudged=outcomes.count("could not be judged"),
    )


def _interval_words(found: ValidationRecord) -> str:
    measures = found.measures
    if measures.cllr_lower is None or measures.cllr_upper is None:
        return _("without an interval")
    return _(
        "{level:.0%} interval {lower} to {upper}",
        level=measures.level,
        lower=bits(measures.cllr_lower),
        upper=bits(measures.cllr_upper),
    )


def _measures(found: ValidationRecord) -> Table:
    measures = found.measures
    ends = (measures.cllr_lower, measures.cllr_upper)
    shown = {
        "cllr": _bits(measures.cllr),
        "cllr_min": _bits(measures.cllr_min),
        "cllr_cal": _bits(measures.cllr_cal),
        "cllr_unbounded": _bits(measures.cllr_unbounded),
        "devpav": _bits(measures.devpav),
        "eer": f"{measures.eer:.2%}",
        "auc": f"{measures.auc:.5g}",
        "coverage": f"{100 * found.tested.coverage:.4g}%",
    }
    rows = []
    for name, value in shown.items():
        label, meaning = (translated(text) for text in FIGURES[name])
        why = _sentence(measures.why.get(name, ""))
        between = _("{lower:.4f} to {upper:.4f}", lower=ends[0], upper=ends[1]) if None not in ends else NONE
        interval = between if name == "cllr" else NONE
        rows.append((label, value, interval, f"{meaning} {why}".strip()))
    at_bounds = _(
        "{lower:,} pairs at the lower and {upper:,} at the upper bound, of {pairs:,}.",
        lower=measures.at_lower,
        upper=measures.at_upper,
        pairs=len(found.pairs),
    )
    rows.append((_("Pairs at a bound"), f"{measures.at_lower + measures.at_upper:,}", NONE, at_bounds))
    if len(found.repeats) > 1:
        between = _("{lower:.4f} to {upper:.4f}", lower=min(found.repeats), upper=max(found.repeats))
        text = _("Cllr of each of the {repeats} repeats by itself.", repeats=len(found.repeats))
        rows.append((_("Cllr over repeats"), between, NONE, text))
    why = _sentence(measures.why.get("cllr_lower", ""))
    caption = _(
        "Measures of the likelihood ratios, with the {level:.0%} interval of Cllr over the choice of firearms. "
        "Both kinds of pairs weigh alike. Cllr and the figures derived from it are of the bounded likelihood "
        "ratios; the equal error rate and the area are before the bounds, which make ties.",
        level=measures.level,
    )
    return Table(
        head=(_("Measure"), _("Value"), _("Interval"), _("What it says")),
        rows=tuple(rows),
        caption=f"{caption} {why}".strip(),
        numbers=(1, 2),
    )


def _sentence(reason: str) -> str:
    text = translated(reason)
    return f"{text[:1].upper()}{text[1:].removesuffix('.')}." if text else ""


def _bits(value: float | None) -> str:
    return NONE if value is None else f"{value:.4f}"


def _rate(rate: Rate) -> tuple[str, str, str]:
    return (
        _("{count:,} of {pairs:,}", count=rate.count, pairs=rate.pairs),
        f"{rate.share:.2%}",
        _("{lower:.2%} to {upper:.2%}", lower=rate.lower, upper=rate.upper),
    )


def _lr(log10_lr: float | None) -> str:
    return NONE if log10_lr is None else figure(log10_lr)


def _worst(found: ValidationRecord, *, same: bool) -> Table:
    """The pairs whose LR before the bound lies farthest the wrong way, or least far the right way."""
    pairs, values, unbounded = found.pairs, np.array(found.log10_lr), unbounded_of(found)
    rows = np.flatnonzero(pairs.same == same)
    side = 1 if same else -1
    chosen = rows[np.argsort(side * unbounded[rows], kind="stable")[:WORST]]
    return Table(
        head=(
            _("Mark"),
            _("Firearm"),
            _("Other mark"),
            _("Its firearm"),
            _("Score"),
            _("LR"),
            _("log₁₀ LR before the bound"),
        ),
        rows=tuple(
            (
                printable(pairs.first_item[row]),
                printable(pairs.first_firearm[row]),
                printable(pairs.second_item[row]),
                printable(pairs.second_firearm[row]),
                _score(pairs, row),
                figure(values[row]),
                f"{unbounded[row]:.2f}",
            )
            for row in chosen.tolist()
        ),
        caption=_(
            "The {pairs} known matches with the lowest likelihood ratio before the bound.", pairs=len(chosen)
        )
        if same
        else _(
            "The {pairs} known non-matches with the highest likelihood ratio before the bound.", pairs=len(chosen)
        ),
        numbers=(5, 6),
    )


def _score(pairs: KnownPairs, row: int) -> str:
    values = {name: column[row] for name, column in pairs.scores.items()}
    if tuple(values)[1:] == ("cells",):
        count, cells = values.values()
        return _("{count:g} of {cells:g} cells", count=count, cells=cells)
    if len(values) == 1:
        return f"{next(iter(values.values())):.4g}"
    return ", ".join(f"{score_name(name)} {value:.4g}" for name, value in values.items())


def _study(row: StudyRow) -> tuple[str, ...]:
    misled = NONE if row.reason else f"{row.misleading_same} / {row.misleading_different}"
    return (
        printable(row.study) or _("all pairs"),
        _(JUDGED_BY[row.judged_by]),
        f"{row.firearms:,}",
        f"{row.known_matches:,}",
        f"{row.known_non_matches:,}",
        *(_bits(value) for value in (row.cllr, row.cllr_min, row.cllr_cal)),
        misled,
    )
