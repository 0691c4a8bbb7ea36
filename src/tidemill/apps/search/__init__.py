"""Better settings of embed and train, looked for within a time budget.

search               search_for: trials, finals and the report
candidate_backbones  features by other backbones and settings, kept in .tidemill/search/
plots                pictures of a search
skipped              the report where no search is configured; light, as every pipeline runs it
"""
