"""What a project's flows are made of: they define when to run, this package runs.

simulation      `tidemill simulate`: days of batches and accidents, on a real server
parameter_form  what the form of a flow offers in the Prefect UI
refresh         problems brought up to date side by side, each in a subflow of its own
monitor         batches that have arrived looked at, and what is decided set going
watch           the same in the foreground, as files arrive
decisions       which decision of the monitor has not been carried out yet
kept_tables     tables that a look has made, kept for the run that learns from them
unchanged       whether a run has anything to do, without asking DVC
events          events for Prefect's automations
problem_cycle   the cycle of one problem: stages, gate, publication
refresh_report  what a cycle tells: its page, artifacts, the question to a person, notifications
approval        a person's decision in the Prefect UI
notifications   what has happened, through Prefect blocks
steps           one task for each stage, and what it shows in the UI
"""
