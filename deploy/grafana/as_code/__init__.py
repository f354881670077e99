"""The dashboards and alert rules of Grafana, written by code.

`make dashboards` writes the files below `deploy/grafana` anew. Names of measurements and fields come from
`edge/contract/schema.py`, so a query cannot ask for what nobody stores.
"""
