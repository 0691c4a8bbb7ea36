"""Unwanted SMS and email: functions written from the development split alone."""
