"""Tests of what is deployed: images, units, dashboards, a broker's configuration."""
