"""What the script of the comparison microscope says, in the language of the page."""

from __future__ import annotations

from typing import Any

from ballistics.language import gettext as _


def microscope_words() -> dict[str, Any]:
    """Return the words by the names that the script knows them by; it fills ``{name}`` fields itself."""
    return {
        "sides": [_("Reference: {title}"), _("Questioned: {title}")],
        "none": _("none"),
        "no_scale": _("no scale"),
        "per_second": _("{rate} per second"),
        "relief": _("heights × {relief}"),  # noqa: RUF001
        "laid": {
            "by_hand": _("moved by hand"),
            "found": _("as found by the comparison"),
            "no_pose": _("no pose: middle on middle"),
        },
        "modes": {
            "beside": _("side by side"),
            "split": _("split"),
            "overlay": _("overlay"),
            "flicker": _("flicker"),
        },
        "keys": _keys(),
        "footer": {
            "opacity": _("opacity {opacity}"),
            "scale": _("a pixel of the view {scale}"),
            "scales": _("a pixel of the view {first} and {second}"),
            "turned": _("both turned {turned_deg}°"),
            "questioned": _("questioned turned {turned_deg}°"),
            "mirrored": _("mirrored"),
            "lamp": _("lamp {azimuth_deg}° clockwise from the top, {elevation_deg}° high"),
            "turning": _("turning with the case"),
            "relief": _("heights × {relief}"),  # noqa: RUF001
            "opened": _("page opened {opened}"),
            "warning": _("Warning: {note}"),
        },
    }


def _keys() -> dict[str, str]:
    return {
        # Translators: the longest key of the keyboard
        "space": _("Space"),
        "modes": _("Side by side, split, overlay, flicker"),
        "pan": _("Move the view"),
        "zoom": _("Closer, farther"),
        "fit": _("Show all"),
        "turn": _("Turn both by {degrees}°"),
        "angle": _("Turn the questioned by {degrees}°"),
        "alone": _("Move the questioned alone"),
        "mirror": _("Mirror the questioned"),
        "align": _("Align: back to the found pose"),
        "line": _("Move the split line"),
        "level": _("Split line upright or level"),
        "opacity": _("More, less opacity"),
        "swap": _("Flicker: the other side"),
        "azimuth": _("Lamp round by {degrees}°"),
        "elevation": _("Lamp up, down"),
        "relief": _("More, less relief"),
        "points": _("Match points"),
        "cells": _("Cells"),
        "save": _("Save the view as PNG"),
        "theme": _("Light or dark page"),
        "help": _("These keys"),
    }
