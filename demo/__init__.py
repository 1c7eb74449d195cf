"""The page and its pictures: spectrograms, timeline, evidence."""
