"""One module per shipped set of weights: makes the data, trains, reports, saves to app/nn/weights."""
