"""Questions that a store answers itself, for a person who looks: the newest rows, means, and the rows of a few series."""
