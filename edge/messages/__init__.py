"""Messages: topic and payload in, readings out."""
