"""An InfluxDB that others fill: what of it is read, whose values these are, and the reading itself."""
