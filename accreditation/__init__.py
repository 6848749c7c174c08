"""Standards, assessment and readiness for accreditation, on top of `qms`. Nothing is built yet."""
