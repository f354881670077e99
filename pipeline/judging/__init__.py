"""Judging: how good forecasters are on readings they were not trained on."""
