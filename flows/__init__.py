"""When things run: refresh, monitor and approve, as Prefect flows."""
