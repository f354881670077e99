"""The page in the browser: what the store knows, for a person who looks. It reads the store only."""
