"""Processes: what imports TensorFlow works in a process of its own, which ends with ours."""
