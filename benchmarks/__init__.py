"""Every figure that the project quotes is measured here; `docs/numbers.md` holds them with their protocol."""
