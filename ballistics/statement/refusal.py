"""The statement of a comparison that could not be made: why not, with pictures of what was given."""

from __future__ import annotations

from collections.abc import Sequence

from ballistics.document.blocks import Block, Document, Note, Paragraph, Section
from ballistics.language import gettext as _
from ballistics.language import translated
from ballistics.statement.parts import Input, Parameters, Setting, as_sentence, assemble
from ballistics.statement.repeat import bare_steps, repeat_sections
from ballistics.statement.sources import sources_picture


def refusal(
    setting: Setting,
    *,
    title: str,
    inputs: Sequence[Input],
    parameters: Parameters,
    reason: str,
    warnings: Sequence[str],
    pictures: Sequence[Block] | None = None,
) -> Document:
    """Return the statement that says why there is no comparison.

    Parameters
    ----------
    setting, title, inputs, parameters, warnings
        As for `ballistics.statement.parts.assemble`.
    reason : str
        Why nothing was compared.
    pictures : sequence of Picture, optional
        What was given; the files as read if left out.
    """
    if pictures is None:
        pictures = [sources_picture(inputs)] if inputs else []
    return assemble(
        setting,
        title=title,
        inputs=inputs,
        parameters=parameters,
        sections=_sections(reason, pictures),
        warnings=warnings or None,
        limits=(),
        appendix=tuple(repeat_sections(setting, inputs, parameters, bare_steps(inputs))),
    )


def _sections(reason: str, given: Sequence[Block]) -> tuple[Section, Section]:
    result = Section(
        title=_("Result"),
        blocks=(
            Paragraph(
                text=_("No comparison was made, so there is no score and no likelihood ratio."), strong=True
            ),
            Note(title=_("Why not"), text=as_sentence(translated(reason))),
            Paragraph(
                text=_(
                    "This says nothing for or against either mark: it says that these files could not be "
                    "compared in the way that was asked for."
                )
            ),
        ),
    )
    return result, Section(title=_("What was given"), blocks=tuple(given))
