"""People check labels, with tools of their own; how far they agree and are trusted, and certificates of labels.

rows_to_review      what people are shown of a row
terminal            rows labeled at a terminal
label_studio        a running Label Studio over plain HTTP
label_studio_tasks  rows as tasks of Label Studio, and its annotations as answers
label_studio_sync   rows pushed to a project of Label Studio, answers pulled into the gold history
crowd_files         tasks and answers in the columns of Mechanical Turk and Toloka
crowd_exchange      rows written as such tasks, and such answers taken into the gold history
answers             valid answers of a problem's gold history, by row and person
people              agreement and trust
queue               rows whose answers are expected to correct the most labels
audit               plan, sample and certificate
"""
