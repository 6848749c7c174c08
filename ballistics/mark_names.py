"""The marks as they are called in a sentence of a report."""

from __future__ import annotations

from ballistics.language import Message

NAMES = {
    "breech face": Message("breech face"),
    "firing pin": Message("firing pin"),
    "headstamp": Message("headstamp"),
    "bullet": Message("bullet"),
    "bullet land": Message("bullet land"),
    "aperture shear": Message("aperture shear"),
    "firing pin drag": Message("firing pin drag"),
    "ejector mark": Message("ejector mark"),
    "extractor mark": Message("extractor mark"),
    "toolmark": Message("toolmark"),
}

PARTS = {"primer": Message("primer"), "firing pin": Message("firing pin")}

COMPARED = {
    # Translators: stands after "Comparison of"
    "breech face": Message("breech-face marks"),
    # Translators: stands after "Comparison of"
    "firing pin": Message("firing-pin marks"),
    # Translators: stands after "Comparison of"
    "bullet land": Message("bullet lands"),
    # Translators: stands after "Comparison of"
    "aperture shear": Message("aperture shears"),
    # Translators: stands after "Comparison of"
    "firing pin drag": Message("firing pin drags"),
    # Translators: stands after "Comparison of"
    "ejector mark": Message("ejector marks"),
    # Translators: stands after "Comparison of"
    "extractor mark": Message("extractor marks"),
    # Translators: stands after "Comparison of"
    "toolmark": Message("toolmarks"),
}

SIGNED = {
    # Translators: stands after "Signature of"
    "bullet land": Message("a bullet land"),
    # Translators: stands after "Signature of"
    "aperture shear": Message("an aperture shear"),
    # Translators: stands after "Signature of"
    "firing pin drag": Message("a firing pin drag"),
    # Translators: stands after "Signature of"
    "ejector mark": Message("an ejector mark"),
    # Translators: stands after "Signature of"
    "extractor mark": Message("an extractor mark"),
    # Translators: stands after "Signature of"
    "toolmark": Message("a toolmark"),
}
