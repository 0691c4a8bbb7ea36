"""Search stage: better settings of embed and train, where minutes are given for it."""

from __future__ import annotations

from tidemill.common.failures import says_errors
from tidemill.project.project import Project
from tidemill.project.stage_arguments import stage_arguments
from tidemill.train.search.settings import SearchSettings


@says_errors
def main() -> None:
    """Run the stage in the project of the working directory."""
    run(*stage_arguments("search", __doc__))


def run(project: Project, name: str) -> None:
    """Search for as many minutes as are set, or say that none are."""
    problem, settings, paths = project.load(name, "search", SearchSettings)
    if not settings.minutes:
        from tidemill.apps.search.skipped import search_not_configured

        print(search_not_configured(problem.name, paths.search).verdict)
        return
    from tidemill.apps.search.search import search_for

    print(search_for(project, name, paths.search).verdict)


if __name__ == "__main__":
    main()
