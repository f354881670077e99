"""What is known ahead: coming values of inputs such as a weather forecast or a tariff, and what a model is told of them."""
