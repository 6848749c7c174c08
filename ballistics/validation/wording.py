"""The words of a validation: what its figures are called and say, how pairs were split, what is always a limit."""

from __future__ import annotations

from collections.abc import Mapping

from ballistics.language import Message

METHODS: Mapping[str, Message] = {
    "beta-binomial": Message("beta-binomial model of the count of cells"),
    "binomial": Message("binomial model of the count of cells"),
    "logistic": Message("logistic regression"),
    "kernel density": Message("kernel densities, one for each kind of pairs"),
    "isotonic": Message("isotonic regression (PAV)"),
}

FIGURES: Mapping[str, tuple[Message, Message]] = {
    "cllr": (
        Message("Cllr, bits"),
        Message("Cost of the likelihood ratios. 0 is perfect; 1 is what it costs to have no evidence."),
    ),
    "cllr_min": (
        Message("Cllr_min, bits"),
        Message("What would be left of Cllr with perfect calibration: how far the two kinds of pairs overlap."),
    ),
    "cllr_cal": (
        Message("Cllr_cal, bits"),
        Message("Cllr less Cllr_min: what is lost by calibration and bounds."),
    ),
    "cllr_unbounded": (
        Message("Cllr before the bounds, bits"),
        Message("The cost without the bounds, which keep Cllr above zero however good the scores are."),
    ),
    "devpav": (
        Message("devPAV, log₁₀ LR"),
        Message("Mean distance of the likelihood ratios from perfect calibration."),
    ),
    "eer": (
        Message("Equal error rate"),
        Message("Overlap of the two kinds of pairs: both error rates at the threshold where they are alike."),
    ),
    "auc": (
        Message("Area under the curve"),
        Message("How often a known match has the larger likelihood ratio of a known match and a known non-match."),
    ),
    "coverage": (Message("Coverage"), Message("Share of the pairs that could be compared.")),
}

ASKED: Mapping[str, Message] = {
    **{name: label for name, (label, _) in FIGURES.items()},
    "cllr_upper": Message("Cllr, upper end of its interval"),
    "firearms": Message("Firearms"),
    "known_matches": Message("Known matches"),
    "known_non_matches": Message("Known non-matches"),
}
MISLEADING_SAME = Message("Known matches with an LR of 1/{lr} or less")
MISLEADING_DIFFERENT = Message("Known non-matches with an LR of {lr} or more")
BELOW_ONE = Message("Known matches with an LR below 1")
ABOVE_ONE = Message("Known non-matches with an LR above 1")

MET: Mapping[str, Message] = {
    "met": Message("met"),
    "not met": Message("not met"),
    "could not be judged": Message("could not be judged"),
}

LEFT_OUT: Mapping[str, Message] = {
    "not comparable": Message("could not be compared"),
    "same item": Message("both scans are of one item"),
    "repeated items": Message("other scans of the same two items are compared"),
    "not in the manifest": Message("a mark is not in the manifest"),
}

SPLIT_NAMES: Mapping[str, Message] = {
    "leave one firearm out": Message("leave one firearm out"),
    "repeated folds": Message("repeated folds"),
    "untouched": Message("untouched reference population"),
}
SPLITS: Mapping[str, Message] = {
    "leave one firearm out": Message(
        "Every pair was judged by a calibrator and a bound that were made without it and without every other pair "
        "of its firearms. A known non-match has two firearms: all pairs of both were left out. The "
        "{firearms} firearms were dealt into {groups} groups, and the groups of a pair were left out together. So "
        "no pair was judged by anything that knew its firearms."
    ),
    "repeated folds": Message(
        "The {firearms} firearms were dealt at random into {groups} folds, {repeats} times over, starting from "
        "seed {seed}. Each time every pair was judged by a calibrator and a bound that were made from pairs "
        "without the folds of its firearms; it has the median of its {repeats} likelihood ratios. So no pair was "
        "judged by anything that knew its firearms."
    ),
    "untouched": Message(
        "Every pair was judged by the calibrator and the bound of the reference population {population} as they "
        "are. Nothing was fitted to the pairs of this trial, and the population has none of their firearms."
    ),
}

DERIVATIONS: Mapping[str, Message] = {
    "nested": Message(
        "Each bound comes from pairs that share no firearm with the judged pair, judged by calibrators that did "
        "not know the firearms of either."
    ),
    "not nested": Message(
        "Each bound comes from pairs that share no firearm with the judged pair, but the calibrators that judged "
        "them may have known its firearms."
    ),
    "population": Message("The bounds are those of the population."),
}

JUDGED_BY: Mapping[str, Message] = {
    "itself": Message("itself, by the split above"),
    "other studies": Message("the other studies"),
    "population": Message("the reference population"),
}

LIMITS = (
    Message(
        "The manifest is taken at its word: which firearm made which mark is not checked, and a mistake there "
        "makes the figures worse or better than they are."
    ),
    Message(
        "What was tried is the comparison by the program and the weight that follows from its score. Examiners, "
        "how marks were scanned, and how items were chosen are not part of it."
    ),
    Message(
        "Shares of misleading evidence are no error rates of casework: there, other firearms and other damage "
        "occur, and in other proportions."
    ),
    Message(
        "Criteria are held against the figures as they are, not against the ends of their intervals, unless a "
        "criterion names the end."
    ),
)
BOUND_DOMINATES = Message(
    "{share:.0%} of Cllr is what the bounds alone would cost if every pair reached them on its own side: with so "
    "many pairs a bound allows no stronger likelihood ratio, and more pairs would lower Cllr. Its interval over "
    "firearms does not show this."
)
