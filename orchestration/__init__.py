"""WHEN things happen: Dagster definitions, the `tenure` command, and the services around them."""
