"""What the procedures of a unit cover: candidates that a machine suggests, decisions of people, and the gaps."""
