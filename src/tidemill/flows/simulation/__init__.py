"""`tidemill simulate`: days of batches that are fed to a real server, with accidents, and what it must have come to.

plan     which day brings what
rows     files of each day, from the rows of a packaged problem
project  the temporary project
api      what is asked of Prefect's server
drive    the days, one after another
checks   what must be so at the end
run      all of it, and the report
"""
