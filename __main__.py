"""The `paracle` command, and `python -m paracle`."""

import sys

from . import __version__


def main() -> int:
    """Run the command line on the process's arguments.

    Returns:
        The exit code of the process, as `paracle.app.domain.errors.ExitCode` names it.
    """
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        # Scripts ask for the version often: answered before the command line is even imported.
        print(f"paracle {__version__}")
        return 0
    try:
        from .app.cli.direct import open_workbench, workbench_folder

        folder = workbench_folder(arguments)
        if folder is not None:
            return open_workbench(folder)
        from .app.cli.main import run
    except KeyboardInterrupt:
        return 130
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
