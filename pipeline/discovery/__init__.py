"""Rules from samples: topics by shape, a rule for each shape, tried on the messages that it was made from."""
