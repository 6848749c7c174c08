"""Actions and who owns, moves and verifies them."""
