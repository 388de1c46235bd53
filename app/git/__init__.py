"""Git: branches, work trees, commits and differences. The only code that runs git."""
