"""Processes: code that imports TensorFlow runs in a process of its own, which ends with ours."""
