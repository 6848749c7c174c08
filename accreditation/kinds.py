"""The kinds of records that a store keeps for assessments and procedures, beside those of `qms.kinds`."""

from __future__ import annotations

from accreditation.assessments.assessment import Assessment
from accreditation.assessments.cycle import ASSESSMENT
from accreditation.procedures.coverage import COVERAGE, Coverage
from qms.kinds import KINDS as RECORDS
from qms.lifecycle import Kind

KINDS = (*RECORDS, Kind(Assessment, ASSESSMENT), Kind(Coverage, COVERAGE))
