"""What a statement found: the likelihood ratio, number first, or the score and why it has no likelihood ratio."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ballistics import assessment_wording as wording
from ballistics.assessment import Assessment
from ballistics.document.blocks import Block, Facts, Note, Paragraph, Section
from ballistics.evidence.likelihood_ratio import BOUND_NAMES, LikelihoodRatio
from ballistics.evidence.population import ReferencePopulation
from ballistics.evidence.scales import VerbalScale, figure
from ballistics.language import gettext as _
from ballistics.language import translated
from ballistics.output import printable
from ballistics.page.evidence_block import NOT_ALIKE
from ballistics.page.score_plots import score_plot
from ballistics.statement.parts import Setting, said


def result(setting: Setting, *, headline: str, closing: str, warnings: Sequence[str]) -> Section:
    """Return the section that says what was found.

    Parameters
    ----------
    setting : Setting
        Its evidence decides what is said.
    headline : str
        The score in a sentence.
    closing : str
        What the score does not say, for a statement without a likelihood ratio.
    warnings : sequence of str
        Of the comparison; their number is told here, since a reader may stop after the result.
    """
    evidence = setting.evidence
    weighed = evidence is not None and bool(evidence.weight)
    blocks: list[Block] = []
    if evidence is not None and weighed:
        blocks += [Paragraph(text=wording.said(evidence), strong=True), *_in_words(evidence)]
    blocks.append(Paragraph(text=headline, strong=not weighed))
    if not weighed:
        blocks.append(_no_weight(evidence))
    if evidence is not None and evidence.weight is not None:
        blocks.append(Facts(rows=said(wording.rows(evidence))))
        if notes := wording.notes(evidence):
            title = _("To be read with the number") if weighed else _("On the population")
            blocks.append(Note(title=title, text=printable(" ".join(notes))))
    blocks.append(Paragraph(text=translated(wording.closing(evidence, closing))))
    if warnings:
        text = _(
            "Warnings to be read before any figure is used: {count}, in their own section.", count=len(warnings)
        )
        blocks.append(Paragraph(text=text))
    return Section(title=_("Result"), blocks=(*blocks, *_plot(evidence)))


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


def _no_weight(evidence: Assessment | None) -> Note:
    if evidence is None or evidence.weight is None:
        text = _(
            "No reference population was used. A score is not a weight of evidence by itself: that takes pairs of "
            "known origin, of the same kind of mark, scanned and compared in the same way, which show how often "
            "each score occurs among marks of one firearm and among marks of different firearms."
        )
        return Note(title=_("No likelihood ratio is given"), text=text)
    text = _(
        "The population {name} cannot speak of this score. {reasons}",
        name=evidence.weight.reference.name,
        reasons=" ".join(wording.reasons(evidence)),
    )
    return Note(title=wording.headline(evidence), text=printable(text))


def _in_words(evidence: Assessment) -> Iterator[Block]:
    spoken, scale = wording.words_said(evidence), evidence.question.scale
    if spoken is None or scale is None:
        return
    yield Paragraph(text=printable(spoken[1]))
    yield Paragraph(text=_of_scale(scale, spoken[0]))


def _of_scale(scale: VerbalScale, named: str) -> str:
    return _(
        "{named}; they stand beside the number and not in its place. Scales differ. Source: {source}.",
        named=named,
        source=translated(scale.source),
    )


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
        method=translated(BOUND_NAMES.get(limits.method, limits.method)),
    )


def _plot(evidence: Assessment | None) -> Iterator[Block]:
    """The score among those of the population; left out where the two cannot be set side by side."""
    if evidence is None or evidence.weight is None or evidence.question.population is None:
        return
    population, weight = evidence.question.population, evidence.weight
    if isinstance(weight, LikelihoodRatio):
        yield score_plot(population, weight)
    elif not NOT_ALIKE & set(weight.reasons):
        yield score_plot(population, list(evidence.score.values()))
