"""`tidemill review`: people check labels; one file a command."""

from tidemill.cli.grammar import add, group
from tidemill.cli.review import label, pull, push

app = group("review", text="People check labels, in tools of their own.")
add(app, label.label)
add(app, push.push)
add(app, pull.pull)
