"""Mixture: what is added to trained networks by formulas, a linear forecast and intervals that hold."""
