"""Reports of stages gathered for a reader. Templates are in ``tidemill/templates``.

problem_report  all that is reported of one problem, gathered from its files
index_page      reports/index.html
refresh_page    one page per refresh: what arrived, drifted and was recomputed, candidate against champion, the verdict
sample_rows     a few rows of the newest batch with the candidate's predictions
summary         the lines with which a run ends
"""
