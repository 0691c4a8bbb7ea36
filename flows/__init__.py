"""When things run: refresh and monitor, as Prefect flows."""
