"""`tidemill review`: people check labels; one file a command."""

from tidemill.cli.grammar import add, group
from tidemill.cli.review import (
    agreement,
    annotators,
    certify,
    export,
    import_file,
    label,
    plan,
    pull,
    push,
    queue,
    sample,
)

app = group("review", text="People check labels: tools, trust and certificates.")
add(app, queue.queue)
add(app, label.label)
add(app, push.push)
add(app, pull.pull)
add(app, export.export)
add(app, import_file.import_file, "import")
add(app, agreement.agreement)
add(app, annotators.annotators)
add(app, plan.plan)
add(app, sample.sample)
add(app, certify.certify)
