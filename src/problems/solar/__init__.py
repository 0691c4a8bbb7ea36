"""Broken solar cells in electroluminescence images: functions written from the development split alone."""
