"""Starter: networks that have seen many generated series, and that every training begins with."""
