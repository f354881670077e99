"""Where candidates are trained: threads, processes or a Dask cluster, by one line of configuration."""
