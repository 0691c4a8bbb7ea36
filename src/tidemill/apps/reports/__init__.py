"""Reports of stages gathered for a reader. Templates are in ``tidemill/templates``.

problem_report  all that is reported of one problem, gathered from its files
index_page      reports/index.html
summary         the lines with which a run ends
"""
