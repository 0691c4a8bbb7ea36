"""`tidemill lf …`: looking at labeling functions while they are being written."""
