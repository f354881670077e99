"""`[[input]]`: quantities whose coming values are known, such as a weather forecast, a tariff, or a plan."""
