"""`tidemill class`: classes that a problem gets later."""

from tidemill.cli.class_ import add as add_
from tidemill.cli.grammar import add, group

app = group("class", text="Classes of a problem: add one that turned up later.")
add(app, add_.add)
