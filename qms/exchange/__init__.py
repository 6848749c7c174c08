"""What leaves a store and comes back: text folder, merge, backup, checkpoints, spreadsheets."""
