"""`tidemill lf`: labeling functions looked at while they are written. Gold is dev's alone.

problem_view    a problem's files, each read once and only when asked for
list_functions  `lf list`: the analysis table
try_function    `lf try`: one function on a sample of rows
diff            `lf diff`: whose votes changed since a revision, and on which rows
explain_row     `lf explain`: every vote on a row and what it moved
facts              facts of a relation problem, and what is behind each
contradicted_functions `lf contradicted`: functions that people contradict, and what might mend them
suggest_functions `lf suggest`: candidates where no function votes, or where they conflict
generated   generated voters in words; `lf cost`: what prompts would ask and cost
suggest_generators `lf suggest --generate`: which generator would pay next
examples    `lf examples`: rows written to a file of labeled examples
page        `lf report`: all of it as an HTML page
formatting  tables and rows as lines of a terminal
"""
