"""PitchTarget."""
