"""Marks and pairs of marks with known truth, to test and time methods and to check a laboratory's set-up.

They look like breech-face and firing-pin impressions but imitate no firearm: figures measured on them say
whether a method works, not how often it errs in casework. A whole case head with both marks on it, as a
microscope delivers it, is made by `cartridge_case`.
"""

from imaging.synthetic.case_head import Circle, HeadTruth, cartridge_case
from imaging.synthetic.marks import Pair, breech_face, firing_pin, impressions, pair
from imaging.synthetic.styles import BreechFace, FiringPin

__all__ = [
    "BreechFace",
    "Circle",
    "FiringPin",
    "HeadTruth",
    "Pair",
    "breech_face",
    "cartridge_case",
    "firing_pin",
    "impressions",
    "pair",
]
