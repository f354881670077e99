"""`[anomaly]`: intervals whose value the forecasts had not expected, and how rare that is."""
