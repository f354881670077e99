"""From a sensor's history to a judged bundle: history, windows, models, training, conversion, verdict, registry."""
