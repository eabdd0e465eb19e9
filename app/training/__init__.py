"""One module per shipped set of weights: makes the data, trains, reports, saves to app/nn/weights. ``kit`` is what they share.

Such a module is ``main(folder: Path | None) -> None``; ``folder`` is where the user's data lies. Raises UserError without it.
"""
