"""Release: candidates, their precision, the decision, and the registry."""
