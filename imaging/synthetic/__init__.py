"""Marks and pairs of marks with known truth, to test and time methods and to check a laboratory's set-up.

They look like breech-face and firing-pin impressions, land engraved areas and striated toolmarks but imitate
no firearm: figures measured on them say whether a method works, not how often it errs in casework. A whole
case head with both marks on it, as a microscope delivers it, is made by `cartridge_case`; whole bullets are
made by `bullets`.
"""

from imaging.synthetic.bullet_sets import Bullet, Scanning, bullets
from imaging.synthetic.case_head import Circle, HeadTruth, cartridge_case
from imaging.synthetic.lands import CLEAN_LAND, EngravedLand, LandTruth, land
from imaging.synthetic.marks import Pair, breech_face, firing_pin, impressions, pair
from imaging.synthetic.striae import StriaeTruth, toolmark
from imaging.synthetic.styles import BreechFace, FiringPin

__all__ = [
    "CLEAN_LAND",
    "BreechFace",
    "Bullet",
    "Circle",
    "EngravedLand",
    "FiringPin",
    "HeadTruth",
    "LandTruth",
    "Pair",
    "Scanning",
    "StriaeTruth",
    "breech_face",
    "bullets",
    "cartridge_case",
    "firing_pin",
    "impressions",
    "land",
    "pair",
    "toolmark",
]
