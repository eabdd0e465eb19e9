"""The recurrent lab: what RNN, Jordan, LSTM and GRU compute, one time step a frame."""
