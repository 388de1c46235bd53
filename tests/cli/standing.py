"""What belongs to the user, as it must be again after an undo: all but the times at which git wrote it."""

from dataclasses import dataclass

from tests.support.history import Past
from tests.support.repo import tree_fingerprint


@dataclass(frozen=True)
class Standing:
    """Bytes and modes of all files, what is staged, where HEAD and the user's branches are, and the stash."""

    files: dict[str, tuple[int, bytes]]
    staged: str
    status: str
    head: str
    branches: str
    stash: str


def standing(past: Past) -> Standing:
    """How the user's repository stands now."""
    repo = past.repo
    refs = repo.git("for-each-ref", "--format=%(refname) %(objectname)", "refs/heads", "refs/tags")
    files = tree_fingerprint(repo.folder)
    return Standing(
        files={path: (mode, data) for path, (mode, _, data) in files.items() if path != ".git"},
        staged=repo.git("ls-files", "--stage"),
        status=repo.git("status", "--porcelain"),
        head=repo.git("symbolic-ref", "HEAD"),
        branches="\n".join(ref for ref in refs.splitlines() if not ref.startswith("refs/heads/exec/")),
        stash=repo.git("stash", "list", "--format=%H"),
    )
