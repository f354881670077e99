"""The history of inputs whose coming values are known, and what networks are told of them."""
