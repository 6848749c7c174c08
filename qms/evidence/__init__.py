"""Objective evidence: what came, who judged it, and whether it counts on a day."""
