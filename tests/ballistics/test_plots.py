"""Plots of evidence: what they draw is what the curves say, in any language, small, and the same every time."""

from __future__ import annotations

import io
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch
from PIL import Image
from scipy.special import ndtri

from ballistics.document.blocks import Picture
from ballistics.errors import EvidenceError
from ballistics.evidence.known_pairs import KnownPairs
from ballistics.evidence.likelihood_ratio import LikelihoodRatio
from ballistics.evidence.method import ScoreKind
from ballistics.evidence.performance import pav
from ballistics.evidence.performance_curves import cross_entropy, error_tradeoff, tippett
from ballistics.evidence.population import Description, Origin, ReferencePopulation, Scanning, build_population
from ballistics.evidence.weight import weigh
from ballistics.evidence.wording_lint import transposed_conditionals
from ballistics.page import firearm_plots, plot_style, plots, score_plots
from ballistics.page.firearm_plots import firearm_plot, study_plot
from ballistics.page.plot_style import LrAxis, corners
from ballistics.page.plots import cross_entropy_plot, error_tradeoff_plot, reliability_plot, tippett_plot
from ballistics.page.score_histogram import score_histogram
from ballistics.page.score_plots import score_plot

HASH = "ab" * 32
PERFORMANCE = (tippett_plot, error_tradeoff_plot, cross_entropy_plot, reliability_plot)
Plot = Callable[[Any, Any], Picture]
CYRILLIC = "Вероватноћа налаза: известно, ђ, љ, џ"
ALBANIAN = "Përputhje e njohur, çiftet që s'përputhen"


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Every figure that a test draws, as it was put out."""
    kept: list[Figure] = []

    def keeping(figure: Figure, **texts: str) -> Picture:
        kept.append(figure)
        return plot_style.picture(figure, **texts)

    for module in (plots, score_plots, firearm_plots):
        monkeypatch.setattr(module, "picture", keeping)
    return kept


def pairs(matches: int = 60, others: int = 240, apart: float = 2.0, seed: int = 1) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    same = np.arange(matches + others) < matches
    return rng.normal(np.where(same, apart, -apart), 1.5), same


def population(kind: ScoreKind, firearms: int = 24) -> ReferencePopulation:
    first, second = np.triu_indices(firearms)
    rng = np.random.default_rng(2)
    cells = rng.integers(20, 31, len(first))
    share = np.where(first == second, rng.beta(6, 4, len(first)), rng.beta(1, 14, len(first)))
    counts = rng.binomial(cells, share)
    ccf = rng.normal(np.where(first == second, 0.7, 0.3), 0.1)
    columns = {
        "cell count": {"count": counts, "cells": cells},
        "one score": {"ccf": ccf},
        "several scores": {"share": counts / cells, "ccf": ccf},
    }
    return build_population(
        Description(
            name="made pistols",
            mark="breech face",
            parameters="made",
            parameter_hash=HASH,
            score=kind,
            firearms="made pistols",
            scanning=Scanning(scanner="confocal microscope", instrument="made", maker="none", pixel_um=3.125),
            origin=Origin(source="made here", licence="CC0", credit="nobody", made_by="the tests"),
        ),
        columns[kind],
        firearms=([f"gun {i}" for i in first], [f"gun {i}" for i in second]),
        items=([f"gun {i} a" for i in first], [f"gun {i} b" for i in second]),
    )


@pytest.fixture(scope="module")
def populations() -> dict[str, ReferencePopulation]:
    return {kind: population(kind) for kind in ("cell count", "one score", "several scores")}


def weighed(of: ReferencePopulation, score: Any) -> LikelihoodRatio:
    found = weigh(
        of, score, parameter_hash=HASH, mark="breech face", scanner="confocal microscope", draws=40
    )  # fmt: skip
    assert isinstance(found, LikelihoodRatio), found
    return found


def all_plots(of: dict[str, ReferencePopulation]) -> Iterator[Picture]:
    for plot in PERFORMANCE:
        yield plot(*pairs())
    yield score_plot(of["cell count"], weighed(of["cell count"], [8, 25]))
    yield score_plot(of["one score"], weighed(of["one score"], 0.5))
    yield score_plot(of["several scores"], [0.4, 0.5])
    yield score_plot(of["one score"])
    values, same = pairs(24, 100)
    guns = [f"gun {i % 24}" for i in range(124)]
    yield firearm_plot(values, guns, [gun if one else f"{gun} b" for gun, one in zip(guns, same, strict=True)])
    yield study_plot({"one": pairs(), "two": pairs(seed=2)})


def drawn_line(figure: Figure, number: int) -> tuple[Any, Any]:
    line = figure.axes[0].lines[number]
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())


def test_tippett_draws_the_curves(figures: list[Figure]) -> None:
    values, same = pairs()
    tippett_plot(values, same)
    curves = tippett(values, same)
    for number, shares in ((1, curves.same), (2, curves.different)):
        x, y = drawn_line(figures[0], number)
        assert y[0] == 1
        assert y[-1] == 0
        at = np.searchsorted(x, curves.log10_lr)
        np.testing.assert_array_equal(y[at], shares)


def test_tippett_of_thousands_of_pairs_is_taken_at_its_thresholds(figures: list[Figure]) -> None:
    values, same = pairs(3000, 3000)
    tippett_plot(values, same)
    x, y = drawn_line(figures[0], 1)
    assert len(x) < 1100
    np.testing.assert_array_equal(y[1:-1], tippett(values, same, at=x[1:-1]).same)


def test_error_tradeoff_draws_the_curve_on_deviates(figures: list[Figure]) -> None:
    values, same = pairs()
    found = error_tradeoff_plot(values, same)
    curve = error_tradeoff(values, same)
    wanted = {tuple(point) for point in np.round(np.column_stack(curve.deviates), 9).tolist()}
    x, y = drawn_line(figures[0], 1)
    inner = [tuple(point) for point in np.round(np.column_stack([x, y]), 9) if (np.abs(point) < 3).all()]
    assert len(inner) > 10
    assert set(inner) - wanted == {p for p in inner if min(p) == round(min(x.min(), y.min()), 9)} - wanted
    dot = drawn_line(figures[0], 2)
    assert dot[0] == dot[1] == ndtri(curve.equal_error_rate)
    assert f"{curve.equal_error_rate:.1%}" in found.caption


def test_cross_entropy_draws_the_three_curves(figures: list[Figure]) -> None:
    values, same = pairs()
    found = cross_entropy_plot(values, same)
    prior = drawn_line(figures[0], 1)[0]
    curves = cross_entropy(values, same, prior_log10_odds=prior)
    for number, wanted in enumerate((curves.neutral, curves.calibrated, curves.system), start=1):
        np.testing.assert_array_equal(drawn_line(figures[0], number)[1], wanted)
    even = prior.tolist().index(0.0)
    assert f"(Cllr) is {curves.system[even]:.3g} bits, {curves.calibrated[even]:.3g} bits" in found.caption


def test_reliability_draws_pav_and_its_infinite_ends(figures: list[Figure]) -> None:
    values, same = pairs()
    found = reliability_plot(values, same)
    curve = pav(values, same)
    x, y = drawn_line(figures[0], 1)
    at = np.argsort(values)
    finite = at[np.isfinite(curve[at])]
    np.testing.assert_allclose(np.interp(values[finite], x, y), curve[finite], atol=1e-12)
    top = drawn_line(figures[0], 3)
    assert np.isin(top[0], values[curve == np.inf]).all()
    assert f"{(curve == np.inf).sum()} known matches score above" in found.caption


def bars_of(figure: Figure, number: int) -> Any:
    return [patch for patch in figure.axes[0].patches if isinstance(patch, StepPatch)][number].get_data()


def test_score_plot_draws_every_pair_the_case_and_the_lr(
    figures: list[Figure], populations: dict[str, ReferencePopulation]
) -> None:
    of = populations["cell count"]
    weight = weighed(of, [8, 25])
    found = score_plot(of, weight)
    above, below = figures[0].axes[:2]
    counts, same = of.pairs.table[:, 0], of.pairs.same
    for number, kind in enumerate((True, False)):
        bar = bars_of(figures[0], number)
        middles = (bar.edges[:-1] + bar.edges[1:]) / 2
        wanted = [(counts[same == kind] == middle).mean() for middle in middles]
        np.testing.assert_allclose(bar.values, wanted)
    assert above.lines[0].get_xdata()[0] == 8
    raw, bounded = below.lines[:2]
    columns = np.column_stack([raw.get_xdata(), np.full(len(raw.get_xdata()), 25)])
    np.testing.assert_array_equal(raw.get_ydata(), of.calibrator.log10_lr(columns))
    np.testing.assert_array_equal(bounded.get_ydata(), of.bounds.apply(raw.get_ydata()).log10_lr)
    limits = {line.get_ydata()[0] for line in below.lines if len(set(line.get_ydata())) == 1}
    assert {of.bounds.lower, of.bounds.upper} <= limits
    assert "8 of 25 cells" in found.caption
    assert weight.sentence.split(".")[0].removeprefix("The likelihood ratio is ") in found.caption


@pytest.mark.parametrize(
    ("kind", "score"), [("cell count", [0, 25]), ("one score", 0.1), ("several scores", [0.4, 0.5])]
)
def test_the_words_of_the_case_stand_above_all_bars_and_the_legend_names_the_bounds(
    figures: list[Figure], populations: dict[str, ReferencePopulation], kind: ScoreKind, score: Any
) -> None:
    assert score_plot(populations[kind], score).share < 0.8
    (figure,) = figures
    above, canvas = figure.axes[0], FigureCanvasAgg(figure)
    canvas.draw()
    (words,) = [each for each in above.texts if each.get_text().startswith("this case")]
    foot = words.get_window_extent(canvas.get_renderer()).y0
    for number in range(2):
        assert above.transData.transform((0.0, bars_of(figure, number).values.max()))[1] < foot
    (named,) = figure.legends
    assert "bounds of the population" in [each.get_text() for each in named.get_texts()]


def test_score_plot_marks_no_lr_of_a_score_that_has_none(
    figures: list[Figure], populations: dict[str, ReferencePopulation]
) -> None:
    found = score_plot(populations["one score"], 1.7)
    assert not figures[0].axes[1].containers
    assert "likelihood ratio of the case" not in found.caption
    assert figures[0].axes[0].get_xlim()[1] > 1.7
    assert figures[0].axes[1].lines[0].get_xdata().max() == populations["one score"].pairs.table.max()


@pytest.mark.parametrize("score", [[0.1, 0.2], np.nan, [], [[0.2]]])
def test_a_score_that_does_not_fit_is_refused(populations: dict[str, ReferencePopulation], score: Any) -> None:
    with pytest.raises(EvidenceError, match="expected 1 finite numbers: ccf"):
        score_plot(populations["one score"], score)


def test_several_scores_are_drawn_as_what_the_calibrator_makes_of_them(
    figures: list[Figure], populations: dict[str, ReferencePopulation]
) -> None:
    of = populations["several scores"]
    score_plot(of, [0.4, 0.5])
    values = of.calibrator.log10_lr(of.pairs.table)[of.pairs.same]
    bar = bars_of(figures[0], 0)
    np.testing.assert_allclose(bar.values, np.histogram(values, bar.edges)[0] / len(values))
    assert figures[0].axes[0].lines[-1].get_xdata()[0] == of.calibrator.log10_lr([[0.4, 0.5]])[0]


def test_the_caption_of_histograms_begins_its_sentences_with_capitals() -> None:
    known = KnownPairs.from_columns(
        {"count": [9.0, 1.0], "cells": [20.0, 20.0]},
        firearms=(["a", "a"], ["a", "b"]),
        items=(["1", "1"], ["2", "3"]),
    )
    caption = score_histogram(known).caption
    assert all(sentence[0].isupper() for sentence in caption.split(". "))
    assert caption.endswith("(congruent cells).")


def test_firearms_are_ordered_by_their_most_misleading_pair(figures: list[Figure]) -> None:
    values = [2.0, 1.0, 3.0, -1.0, 0.7, -2.0]
    first, second = ["a", "b", "c", "a", "b", "a"], ["a", "b", "c", "b", "c", "c"]
    found = firearm_plot(values, first, second)
    axes = figures[0].axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["b", "c", "a"]
    matches = axes.lines[2]
    assert dict(zip(np.round(matches.get_ydata()), matches.get_xdata(), strict=True)) == {0: 1.0, 1: 3.0, 2: 2.0}
    assert len(axes.lines[1].get_xdata()) == 6
    assert "2 of 3 firearms have a pair" in found.caption


def test_of_many_firearms_the_worst_are_drawn_and_the_rest_counted(figures: list[Figure]) -> None:
    guns = [f"gun {i:03}" for i in range(100)]
    values = np.concatenate([np.linspace(-3, 3, 100), np.full(99, -1.0)])
    found = firearm_plot(values, guns + guns[:-1], guns + guns[1:])
    assert len(figures[0].axes[0].get_yticks()) == 40
    assert figures[0].axes[0].get_yticklabels()[0].get_text() == "gun 000"
    assert "first 40 are shown; none of the other 60" in found.caption


def test_studies_stand_below_each_other_on_one_axis(figures: list[Figure]) -> None:
    one, two = pairs(), pairs(apart=0.5, seed=3)
    found = study_plot({"one": one, "two": two})
    panels = [axes for axes in figures[0].axes if axes.patches]
    assert panels[0].get_xlim() == panels[1].get_xlim()
    wrong = int((two[0][two[1]] < 0).sum())
    assert f"two: {wrong} of 60 known matches below LR = 1" in found.caption
    with pytest.raises(EvidenceError, match="no study"):
        study_plot({})


@pytest.mark.parametrize("plot", PERFORMANCE)
def test_perfectly_separated_and_infinite_lrs_are_drawn(plot: Plot, figures: list[Figure]) -> None:
    same = np.arange(40) < 20
    assert plot(np.where(same, 3.0, -3.0), same).svg
    assert plot(np.where(same, np.inf, -np.inf), same).svg
    assert plot(np.where(same, -np.inf, np.inf), same).svg
    values, truth = pairs()
    values[[0, 70]] = -np.inf, np.inf
    assert plot(values, truth).svg
    assert plot(np.zeros(40), same).svg


def test_infinite_lrs_are_told_and_stand_in_strips(figures: list[Figure]) -> None:
    values, same = pairs()
    values[:3], values[-5:] = np.inf, -np.inf
    found = tippett_plot(values, same)
    assert "The LR of 5 pairs is 0 and that of 3 pairs is infinite" in found.caption
    x, y = drawn_line(figures[0], 1)
    assert y[-2] == pytest.approx(3 / 60)
    assert x[-2] > values[np.isfinite(values)].max()
    assert "∞" in [label.get_text() for label in figures[0].axes[0].get_xticklabels()]
    assert "infinite" not in tippett_plot(*pairs()).caption
    values[0] = -np.inf
    assert "infinite cost" in " ".join(
        text.get_text() for text in _axes(cross_entropy_plot, values, same, figures)
    )


def _axes(plot: Plot, values: Any, same: Any, figures: list[Figure]) -> Any:
    plot(values, same)
    return figures[-1].axes[0].texts


@pytest.mark.parametrize("plot", [*PERFORMANCE, lambda lr, same: study_plot({"one": (lr, same)})])
def test_one_kind_of_pairs_alone_is_refused(plot: Plot) -> None:
    for truth in (True, False):
        with pytest.raises(EvidenceError, match="known"):
            plot([1.0, 2.0], [truth, truth])
    with pytest.raises(EvidenceError, match="missing"):
        plot([1.0, np.nan], [True, False])


def test_firearms_that_do_not_fit_are_refused() -> None:
    with pytest.raises(EvidenceError, match="1 first firearms but 2"):
        firearm_plot([1.0, 2.0], ["a"], ["a", "b"])
    with pytest.raises(EvidenceError, match="known"):
        firearm_plot([1.0, 2.0], ["a", "b"], ["a", "b"])


def test_every_plot_is_small_says_what_it_shows_and_leaves_settings_alone(
    populations: dict[str, ReferencePopulation],
) -> None:
    before = dict(matplotlib.rcParams)
    drawn = list(all_plots(populations))
    assert dict(matplotlib.rcParams) == before
    for each in drawn:
        assert len(each.svg) < 300_000
        assert len(each.png) < 300_000
        assert ET.fromstring(each.svg).tag.endswith("svg")
        assert "<text" not in each.svg
        with Image.open(io.BytesIO(each.png)) as image:
            assert 1250 <= image.width <= 1270
            assert image.convert("L").getpixel((0, 0)) == 255
        assert any(letter.isdigit() for letter in each.caption)
        assert each.alt
        assert transposed_conditionals(each.caption + " " + each.alt) == ()


def test_the_same_is_drawn_to_the_same_bytes_whatever_others_set(
    populations: dict[str, ReferencePopulation],
) -> None:
    first = list(all_plots(populations))
    with matplotlib.rc_context({"font.size": 20, "lines.linewidth": 9, "svg.fonttype": "none", "figure.dpi": 40}):
        assert list(all_plots(populations)) == first


def test_thousands_of_pairs_stay_small() -> None:
    values, same = pairs(10_000, 10_000, apart=0.3)
    for plot in PERFORMANCE:
        found = plot(values, same)
        assert len(found.svg) < 300_000, plot
    guns = [f"gun {i % 60}" for i in range(20_000)]
    other = [
        gun if one else f"gun {(i * 7 + 1) % 61}" for i, (gun, one) in enumerate(zip(guns, same, strict=True))
    ]
    assert len(firearm_plot(values, guns, other).svg) < 300_000


@pytest.mark.parametrize("text", [CYRILLIC, ALBANIAN, "costs $5 and $6 {x} <b> & --", "line\nbreak\ttab", "枪"])
def test_names_of_any_language_are_drawn_without_a_warning(text: str, figures: list[Figure]) -> None:
    values, same = pairs()
    drawn = study_plot({text: (values, same)})
    ET.fromstring(drawn.svg)
    assert drawn.svg != study_plot({"other": (values, same)}).svg
    assert firearm_plot([1.0, -1.0], [text, text], [text, "b"]).svg


def test_the_font_has_the_letters_of_the_languages() -> None:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    known = get_font(findfont(FontProperties(family="DejaVu Sans"))).get_charmap()
    assert {
        letter for letter in CYRILLIC + ALBANIAN + "⁻⁰¹²³⁴⁵⁶⁷⁸⁹₁₀∞…" + plot_style.MINUS if ord(letter) not in known
    } == set()


def test_words_come_from_the_catalogue(monkeypatch: pytest.MonkeyPatch, figures: list[Figure]) -> None:
    for module in (plots, plot_style):
        monkeypatch.setattr(module, "_", lambda text, /, **values: f"{CYRILLIC} {len(text)}")
    found = tippett_plot(*pairs())
    axes = figures[0].axes[0]
    legend = [text.get_text() for text in figures[0].legends[0].get_texts()]
    for said in (axes.get_xlabel(), axes.get_ylabel(), found.caption, found.alt, *legend):
        assert said.startswith(CYRILLIC)


def test_nothing_is_clipped_in_a_language_of_long_words(
    monkeypatch: pytest.MonkeyPatch, figures: list[Figure], populations: dict[str, ReferencePopulation]
) -> None:
    for module in (plots, plot_style, score_plots, firearm_plots):
        said = getattr(module, "_")  # noqa: B009
        monkeypatch.setattr(
            module, "_", lambda text, /, said=said, **values: said(text, **values) + " и још четврт"
        )
    list(all_plots(populations))
    for figure in figures:
        width = figure.get_size_inches()[0] * 72
        bounds = figure.legends[0].get_window_extent() if figure.legends else None
        if bounds is not None:
            scale = 72 / figure.dpi
            assert bounds.x0 * scale > 0
            assert bounds.x1 * scale < width


def test_axis_of_likelihood_ratios() -> None:
    axis = LrAxis.of([-2.0, 1.0, np.inf])
    assert axis.ends[0] == axis.low < -2
    assert axis.ends[1] > axis.places(np.inf) > axis.high > 1
    assert not axis.zero
    assert LrAxis.of([0.0]).ends[0] < 0 < LrAxis.of([0.0]).ends[1]


def test_corners_keep_the_shape_of_a_curve() -> None:
    rng = np.random.default_rng(4)
    x, y = np.cumsum(rng.integers(0, 2, 400)).astype(float), np.cumsum(rng.integers(0, 2, 400)).astype(float)
    few_x, few_y = corners(x, y)
    assert len(few_x) < 400
    length = np.hypot(np.diff(x), np.diff(y)).sum()
    assert np.hypot(np.diff(few_x), np.diff(few_y)).sum() == pytest.approx(length)
    assert set(zip(few_x, few_y, strict=True)) <= set(zip(x, y, strict=True))


def test_real_scores_are_drawn_in_no_time(data: Path) -> None:
    rows = np.genfromtxt(data / "scores" / "nfi_aperture_shear.csv", delimiter=",", names=True, usecols=(2, 3))
    values, same = 12 * rows["ccf"] - 7, rows["hypothesis"] == 1
    for plot in PERFORMANCE:
        plot(values, same)
        began = time.process_time()
        drawn = plot(values, same)
        assert time.process_time() - began < 2
        assert "8,128" in drawn.caption
        assert len(drawn.svg) < 150_000
