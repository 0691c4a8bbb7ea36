"""requests over HTTP → what a model says of their rows: `tidemill serve`."""
