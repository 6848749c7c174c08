"""Photographs of marks: where the mark is, its keypoints, and how two of them agree."""
