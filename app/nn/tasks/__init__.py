"""Small worlds of our own that small models learn whole: grammars with their gold alignments, dates, reversal, repeats.

Made by a seeded random generator, so no data set and no licence; free of torch except where the name says ``batches``.
"""
