"""What was heard from a broker: samples of messages, the documents in them, and what their numbers and times are."""
