"""What a statement found: the likelihood ratio, number first, or the score and why it has no likelihood ratio."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ballistics.assessment import scores_of
from ballistics.document.blocks import Block, Facts, Note, Paragraph, Section
from ballistics.evidence.population import ReferencePopulation
from ballistics.evidence.scales import VerbalScale, figure, verbal_scale, words
from ballistics.evidence.weight import LikelihoodRatio, NoLikelihoodRatio, Reference
from ballistics.language import gettext as _
from ballistics.language import translated
from ballistics.page.score_plots import score_plot
from ballistics.statement.parts import Setting

if TYPE_CHECKING:
    from ballistics.assessment import Compared

BOUNDS = {"elub": "ELUB"}
NOT_ALIKE = {"parameters", "mark", "scanner"}


def result(
    setting: Setting, compared: Compared, *, headline: str, closing: str, warnings: Sequence[str]
) -> Section:
    """Return the section that says what was found.

    Parameters
    ----------
    setting : Setting
        Its weight and population decide what is said.
    compared : Comparison, LandComparison, BulletComparison or PictureComparison
        What the score is of.
    headline : str
        The score in a sentence.
    closing : str
        What the score does not say, for a statement without a likelihood ratio.
    warnings : sequence of str
        Of the comparison; their number is told here, since a reader may stop after the result.
    """
    weight = setting.weight
    blocks: list[Block]
    if isinstance(weight, LikelihoodRatio):
        blocks = [Paragraph(text=translated(weight.sentence), strong=True)]
        blocks += _in_words(weight, setting.scale)
        blocks += [Paragraph(text=headline), Facts(rows=tuple(_facts(weight)))]
        if weight.notes:
            text = " ".join(translated(note) for note in weight.notes)
            blocks.append(Note(title=_("To be read with the number"), text=text))
        meaning = _(
            "The likelihood ratio says how much more probable this score is under one proposition than under the "
            "other. It does not say how probable either proposition is."
        )
    else:
        blocks = [Paragraph(text=headline, strong=True), _no_weight(weight)]
        if weight is not None:
            blocks.append(Facts(rows=tuple(_population_facts(weight.reference))))
        meaning = translated(closing)
    blocks.append(Paragraph(text=meaning))
    if warnings:
        said = _(
            "Warnings to be read before any figure is used: {count}, in their own section.", count=len(warnings)
        )
        blocks.append(Paragraph(text=said))
    blocks += _plot(setting, compared)
    return Section(title=_("Result"), blocks=tuple(blocks))


def population_facts(population: ReferencePopulation) -> tuple[tuple[str, str], ...]:
    """Return what another laboratory needs to know of a population, to find it and to judge it."""
    of, known = population.description, population.diagnostics
    scanning = of.scanning
    fits = _(
        "{cllr:.3f} on firearms left out of the fit, {least:.3f} at best", cllr=known.cllr, least=known.cllr_min
    )
    return (
        (_("Population"), of.name),
        ("SHA-256", population.sha256),
        (_("Firearms"), of.firearms),
        (_("Pairs"), _pairs(known.firearms, known.known_matches, known.known_non_matches)),
        (_("Mark"), of.mark),
        (_("Parameter set"), _("{name}, hash {hash}", name=of.parameters, hash=of.parameter_hash)),
        (_("Scanned with"), f"{scanning.scanner}, {scanning.instrument}, {scanning.maker}"),
        (_("Pixel as compared"), _("{length:g} µm", length=scanning.pixel_um)),
        (_("Scanned until"), f"{scanning.scanned}" if scanning.scanned else _("not known")),
        (_("Calibrator"), _calibrator(population)),
        (_("Bounds"), _bounds(population)),
        (_("Cost of the log likelihood ratios (Cllr)"), fits),
        (_("Source"), of.origin.source),
        (_("Licence"), of.origin.licence),
        (_("Credit"), of.origin.credit),
        (_("Built by"), of.origin.made_by),
        (_("Library"), population.library),
    )


def _no_weight(weight: NoLikelihoodRatio | None) -> Note:
    if weight is None:
        text = _(
            "No reference population was used. A score is not a weight of evidence by itself: that takes pairs of "
            "known origin, of the same kind of mark, scanned and compared in the same way, which show how often "
            "each score occurs among marks of one firearm and among marks of different firearms."
        )
        return Note(title=_("No likelihood ratio is given"), text=text)
    reasons = " ".join(translated(reason) for reason in weight.reasons.values())
    text = _(
        "The population {name} cannot speak of this score. {reasons}", name=weight.reference.name, reasons=reasons
    )
    return Note(title=_("No likelihood ratio is given"), text=text)


def _in_words(weight: LikelihoodRatio, scale: str | VerbalScale | None) -> Iterator[Block]:
    if scale is None:
        return
    of, propositions = verbal_scale(scale) if isinstance(scale, str) else scale, weight.propositions
    spoken = words(weight.log10_lr, of, same=propositions.same, different=propositions.different)
    yield Paragraph(text=translated(spoken.sentence))
    checked = {
        "certain": _("taken from the source as it is described here"),
        "general knowledge": _(
            "not seen in a source; to be checked against the document before anyone relies on it"
        ),
        "uncertain": _("uncertain; to be checked against the document before anyone relies on it"),
    }[of.certainty]
    yield Paragraph(
        text=_(
            "The words are those of the verbal scale {scale}, for the number and not in its place. Scales differ. "
            "Source: {source}. Its bands: {certainty}.",
            scale=translated(of.title),
            source=translated(of.source),
            certainty=checked,
        )
    )


def _facts(weight: LikelihoodRatio) -> Iterator[tuple[str, str]]:
    yield (
        _("Likelihood ratio (LR)"),
        _("{lr} (log₁₀ LR {log:.2f})", lr=figure(weight.log10_lr), log=weight.log10_lr),
    )
    yield (
        _("Interval"),
        _(
            "{lower} to {upper} (log₁₀ LR {log_lower:.2f} to {log_upper:.2f}): the {level:.0%} interval over the "
            "choice of firearms in the population, {draws} draws",
            lower=figure(weight.lower),
            upper=figure(weight.upper),
            log_lower=weight.lower,
            log_upper=weight.upper,
            level=weight.level,
            draws=weight.draws,
        ),
    )
    yield _("Bound"), _bound(weight)
    yield _("Score weighed"), ", ".join(f"{name} {value:g}" for name, value in weight.score.items())
    yield _("First proposition"), _clause(translated(weight.propositions.same))
    yield _("Second proposition"), _clause(translated(weight.propositions.different))
    yield from _population_facts(weight.reference)
    yield _("Instrument"), weight.scanner


def _bound(weight: LikelihoodRatio) -> str:
    limits = weight.bounds
    common = {
        "lower": figure(limits.lower),
        "upper": figure(limits.upper),
        "method": BOUNDS.get(limits.method, limits.method),
    }
    if weight.bound is None:
        return _("not reached; the known pairs support {lower} to {upper} ({method})", **common)
    return _(
        "reached: the known pairs support {lower} to {upper} ({method}); before the bound the log₁₀ LR was "
        "{unbounded:.2f}",
        unbounded=weight.unbounded,
        **common,
    )


def _population_facts(reference: Reference) -> Iterator[tuple[str, str]]:
    yield _("Reference population"), reference.name
    yield _("Its size"), _pairs(reference.firearms, reference.known_matches, reference.known_non_matches)
    yield _("Its SHA-256"), reference.sha256


def _pairs(firearms: int, matches: int, others: int) -> str:
    return _(
        "{firearms:,} firearms, {matches:,} known matches, {others:,} known non-matches",
        firearms=firearms,
        matches=matches,
        others=others,
    )


def _calibrator(population: ReferencePopulation) -> str:
    values = population.method.model_dump(exclude={"score", "name"}, exclude_none=True)
    options = (f"{name} {value}" for name, value in values.items())
    return ", ".join([population.method.name, *options])


def _bounds(population: ReferencePopulation) -> str:
    limits = population.bounds
    return _(
        "LR {lower} to {upper} ({method})",
        lower=figure(limits.lower),
        upper=figure(limits.upper),
        method=BOUNDS.get(limits.method, limits.method),
    )


def _clause(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _plot(setting: Setting, compared: Compared) -> Iterator[Block]:
    """The score among those of the population; left out where the two cannot be set side by side."""
    population, weight = setting.population, setting.weight
    if population is None or weight is None:
        return
    if isinstance(weight, LikelihoodRatio):
        yield score_plot(population, weight)
    elif not NOT_ALIKE & set(weight.reasons):
        yield score_plot(population, list(scores_of(compared, population).values()))
