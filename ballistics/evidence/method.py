"""Which calibrator a reference population uses: a name and its options, so that the fit can be made anew.

Defaults were chosen on the three NFI tables of real scores (Glock pistols, Fiocchi ammunition), every pair judged
by a fit that knows neither of its firearms, then bounded (ELUB). Cllr:

==================  ===============  =======  ====================  ==================  ==============
score               table            default  logistic, no penalty  penalty 1           kernel density
==================  ===============  =======  ====================  ==================  ==============
count of cells      breech face      0.267    0.270                 0.301               0.284
count of cells      firing pin       0.045    no finite fit         0.110               0.047
correlation (CCF)   aperture shear   0.039    0.039                 0.041               0.039
correlation (ACCF)  breech face      0.467    0.467                 0.474               0.473
correlation (ACCF)  firing pin       0.140    0.140                 0.172               0.150
count and ACCF      breech face      0.247                          0.273
count and ACCF      firing pin       0.061                          0.098
==================  ===============  =======  ====================  ==================  ==============

For counts the default is the beta-binomial, which knows that 12 of 14 cells are not 12 of 30. Everything else gets
a logistic fit with a penalty of 0.01: as good as none where known matches and non-matches overlap, finite where
they do not, and monotone. On the firing pins the count alone does better than count and ACCF together.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ballistics.evidence.calibration import (
    Fit,
    fit_beta_binomial,
    fit_binomial,
    fit_combination,
    fit_isotonic,
    fit_kernel_density,
)

ScoreKind = Literal["cell count", "one score", "several scores"]
MethodName = Literal["beta-binomial", "binomial", "logistic", "kernel density", "isotonic"]

SUITS: Mapping[ScoreKind, tuple[MethodName, ...]] = {
    "cell count": ("beta-binomial", "binomial"),
    "one score": ("logistic", "kernel density", "isotonic"),
    "several scores": ("logistic",),
}
SLIGHT_PENALTY = 0.01
ENDS = 1


class Method(BaseModel):
    """How a calibrator is fitted to scores.

    Parameters
    ----------
    score : str
        ``"cell count"`` (columns: count, cells), ``"one score"`` or ``"several scores"``.
    name : str
        ``"beta-binomial"`` or ``"binomial"`` for counts; ``"logistic"``, ``"kernel density"`` or ``"isotonic"``
        for one score; ``"logistic"`` for several. The isotonic fit adds one misleading pair at either end, so that
        it stays finite.
    penalty : float, above 0, optional
        Of the logistic fit alone, on scores in units of their standard deviation; see
        `ballistics.evidence.logistic.fit_combination`.

    Examples
    --------
    >>> Method.default("one score")
    Method(score='one score', name='logistic', penalty=0.01)
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    score: ScoreKind
    name: MethodName
    penalty: Annotated[float, Field(gt=0, le=1000)] | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.name not in SUITS[self.score]:
            raise ValueError(f"{self.name} does not suit {self.score}; one of these does: {SUITS[self.score]}")
        if (self.penalty is None) == (self.name == "logistic"):
            raise ValueError("penalty goes with the logistic method, and only with it")
        return self

    @classmethod
    def default(cls, score: ScoreKind) -> Self:
        """Return the method that is used for this kind of score when none is named."""
        name = SUITS[score][0]
        return cls(score=score, name=name, penalty=SLIGHT_PENALTY if name == "logistic" else None)

    @property
    def fit(self) -> Fit:
        """The fitting function with its options."""
        functions: dict[MethodName, Fit] = {
            "beta-binomial": fit_beta_binomial,
            "binomial": fit_binomial,
            "kernel density": fit_kernel_density,
            "isotonic": partial(fit_isotonic, misleading=ENDS),
        }
        if self.penalty is not None:
            return partial(fit_combination, penalty=self.penalty)
        return functions[self.name]
