"""`tidemill gold`: labels by people that come after their rows; one file a command."""

from tidemill.cli.gold import add as add_
from tidemill.cli.gold import list_, sample, withdraw
from tidemill.cli.grammar import add, group

app = group("gold", text="Labels by people: add, list and withdraw them.")
add(app, add_.add)
add(app, list_.list_labels, "list")
add(app, withdraw.withdraw)
add(app, sample.sample)
