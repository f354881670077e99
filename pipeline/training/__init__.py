"""Training: windows in, a converted network out."""
