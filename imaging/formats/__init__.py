"""One reader for each file format, and the X3P writer; `imaging.files` is the way in."""
