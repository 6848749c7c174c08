"""Striated marks: from a scan to its signature, signatures compared, lands and bullets."""
