"""Where the outside meets the core: settings, files, suites, DVC, git."""
