"""`tidemill studio`: a web application in which domain experts write and evaluate labeling functions.

run            the server started and stopped
app            the web application (FastAPI): JSON, and templates/studio, which shows it as text alone
guard          who may ask: hosts, origins, a token, sizes; and what the browser may load
workspace      problems as they are on disk, read again when a file changes
image_statistics  statistics of the images of all rows, measured beside the requests
problems       a line per problem: champion, scores of its versions, last decision on drift, what waits for a person
rows           rows searched, filtered and paged
columns        values of columns and statistics of images, as bars
examples       rows that are picked as examples, and a function of rows like them
uploads        files that a browser sends, and images unpacked from archives
new_problem    what a file would become as a problem, and the problem made of it
new_routes     answers about new problems
labeling       rows that are worth a label, the labels that are given, and pictures of rows
function_file  the text of single functions in a YAML file, replaced without touching the rest
form           fields of a function's YAML, both ways
offers         functions that are suggested, with their evidence
preview        what an edited function would change, before it is saved
gain           what a label model would gain by an edited function
running        runs started, each a process of its own, followed and cancelled
results        the newest result beside the one before, versions, links to pages
deciding       rollback, approval and rejection
run_routes     answers about runs and versions
committing     what was written and is not committed yet, and a commit of it alone
saving         the edited file written, unless somebody else has changed the function meanwhile
"""
