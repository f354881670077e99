"""Cells: SimpleRNN, LSTM and GRU, compared by measurement."""
