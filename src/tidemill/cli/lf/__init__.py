"""`tidemill lf`: labeling functions looked at while they are written; one file a command.

Gold outside of the development split is never read. Every command has ``--json`` and ``--out``.
"""

from tidemill.cli.grammar import add, group
from tidemill.cli.lf import contradicted, cost, diff, examples, explain, list_, report, schema, suggest, try_

app = group("lf", text="Look at labeling functions while you write them. Only the dev split's gold is read.")
add(app, list_.list_functions, "list")
add(app, try_.try_function, "try")
add(app, contradicted.contradicted)
add(app, diff.diff)
add(app, explain.explain)
add(app, suggest.suggest)
add(app, cost.cost)
add(app, report.report)
add(app, examples.examples)
add(app, schema.schema)
