"""Repositories that are not in the ordinary state."""

from datetime import datetime
from pathlib import Path

import pytest

from paracle.app.domain.errors import GitError
from paracle.app.git.isolation import Isolation
from paracle.app.git.status import NO_REPOSITORY, summarise
from paracle.app.git.workplaces import Workplace
from tests.support.repo import RepoBuilder, tree_fingerprint


async def worked(isolation: Isolation, when: datetime, execution: str = "e1") -> Workplace:
    """An execution that adds one file in its root and is closed."""
    place = await isolation.open(execution, when)
    (place.root / "REVIEW.md").write_text("fine\n")
    assert await isolation.commit(place, "docs: review", {"Paracle-Execution": execution}) is not None
    assert await isolation.close(place)
    return place


async def test_a_detached_head_is_forked_from_and_stays_detached(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    first = repo.head
    repo.commit("second", second_py="2\n")
    repo.git("switch", "--quiet", "--detach", first)
    before = repo.fingerprint()
    place = await worked(isolation, when)
    assert place.base_commit == first
    assert repo.fingerprint() == before


async def test_a_project_in_a_subfolder_works_in_that_folder(
    repo: RepoBuilder, state: Path, when: datetime
) -> None:
    repo.commit("two projects", services__api__main_py="1\n", services__web__main_py="2\n")
    place = await worked(Isolation(repo.folder / "services/api", state), when)
    assert place.root == place.worktree / "services/api"
    assert place.repository == repo.folder
    assert repo.show(place.branch, "services/api/REVIEW.md") == "fine"


async def test_a_project_folder_that_is_in_no_commit_is_made(
    repo: RepoBuilder, state: Path, when: datetime
) -> None:
    repo.write("new/project/draft.txt")
    place = await worked(Isolation(repo.folder / "new/project", state), when)
    assert place.warnings == ("1 untracked path is not part of this run (new/)",)
    assert repo.show(place.branch, "new/project/REVIEW.md") == "fine"


async def test_a_project_folder_that_is_a_link_in_the_commit_is_refused(
    tmp_path: Path, repo: RepoBuilder, state: Path, when: datetime
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (repo.folder / "project").symlink_to(outside)
    repo.commit("a link")
    (repo.folder / "project").unlink()
    repo.write("project/a.txt")
    with pytest.raises(GitError, match="is a link"):
        await Isolation(repo.folder / "project", state).open("e1", when)
    assert repo.run_branches() == []
    assert list(outside.iterdir()) == []


async def test_ignored_files_of_a_subfolder_are_compared_with_those_of_the_user(
    repo: RepoBuilder, state: Path, when: datetime
) -> None:
    repo.commit("ignore", **{".gitignore": "*.log\n"}, sub__a_py="1\n")
    repo.write("sub/same.log", "same\n")
    isolation = Isolation(repo.folder / "sub", state)
    place = await isolation.open("e1", when)
    (place.root / "same.log").write_text("same\n")
    assert await isolation.close(place)


async def test_a_project_that_is_a_linked_worktree_itself(
    tmp_path: Path, repo: RepoBuilder, state: Path, when: datetime
) -> None:
    linked = tmp_path / "linked"
    repo.git("worktree", "add", "--quiet", "-b", "feature", str(linked))
    (linked / "untracked.txt").write_text("x\n")
    place = await worked(Isolation(linked, state), when)
    assert place.repository == linked
    assert "untracked.txt" in place.warnings[0]
    assert repo.show(place.branch, "REVIEW.md") == "fine"
    assert repo.worktrees() == [str(linked)]


async def test_a_bare_repository_lends_its_head(
    tmp_path: Path, repo: RepoBuilder, state: Path, when: datetime
) -> None:
    bare = RepoBuilder.clone(repo, tmp_path / "bare.git", "--bare")
    place = await worked(Isolation(bare.folder, state), when)
    assert place.isolation == "worktree"
    assert place.base_commit == repo.head
    assert bare.show(place.branch, "REVIEW.md") == "fine"


async def test_a_folder_whose_git_file_leads_to_a_bare_repository(
    tmp_path: Path, repo: RepoBuilder, state: Path, when: datetime
) -> None:
    project = tmp_path / "layout"
    project.mkdir()
    bare = RepoBuilder.clone(repo, project / ".bare", "--bare")
    (project / ".git").write_text("gitdir: ./.bare\n")
    place = await worked(Isolation(project, state), when)
    assert place.base_commit == repo.head
    assert bare.show(place.branch, "REVIEW.md") == "fine"


async def test_a_shallow_clone(tmp_path: Path, repo: RepoBuilder, state: Path, when: datetime) -> None:
    repo.commit("second", second_py="2\n")
    shallow = RepoBuilder.clone(repo, tmp_path / "shallow", "--depth", "1")
    before = shallow.fingerprint()
    place = await worked(Isolation(shallow.folder, state), when)
    assert shallow.show(place.branch, "REVIEW.md") == "fine"
    assert shallow.fingerprint() == before
    assert shallow.git("rev-parse", "--is-shallow-repository") == "true"


async def test_submodules_are_empty_which_is_said_and_what_lands_in_them_is_kept(
    tmp_path: Path, repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    library = RepoBuilder(tmp_path / "library")
    library.commit("library", lib_py="1\n")
    repo.git("submodule", "--quiet", "add", str(library.folder), "libs/library")
    repo.commit("with a submodule")
    before = repo.fingerprint()

    place = await worked(isolation, when)
    assert place.warnings == ("Submodules are empty folders in this run (libs/library)",)
    assert not place.worktree.exists()

    other = await isolation.open("e2", when)
    (other.root / "libs/library/lost.txt").write_text("would be lost\n")
    assert await isolation.commit(other, "feat: into a submodule", {}) is None
    assert not await isolation.close(other)
    assert repo.fingerprint() == before


async def test_a_project_inside_a_submodule(
    tmp_path: Path, repo: RepoBuilder, state: Path, when: datetime
) -> None:
    library = RepoBuilder(tmp_path / "library")
    library.commit("library", lib_py="1\n")
    repo.git("submodule", "--quiet", "add", str(library.folder), "library")
    repo.commit("with a submodule")
    before = repo.fingerprint()
    place = await worked(Isolation(repo.folder / "library", state), when)
    assert place.base_commit == library.head
    assert repo.fingerprint() == before


async def test_a_sparse_checkout_stays_sparse_and_new_files_outside_it_are_committed(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    repo.commit("folders", inside__a_py="1\n", outside__b_py="2\n")
    repo.git("sparse-checkout", "set", "--cone", "inside")
    before = repo.fingerprint()
    place = await isolation.open("e1", when)
    (place.root / "inside/new.py").write_text("3\n")
    (place.root / "outside").mkdir(exist_ok=True)
    (place.root / "outside/new.py").write_text("4\n")
    commit = await isolation.commit(place, "feat: new", {})
    assert commit is not None
    assert [change.path for change in commit.files] == ["inside/new.py", "outside/new.py"]
    assert "outside/b.py" in repo.names(commit.sha)
    assert await isolation.close(place)
    assert repo.fingerprint() == before


async def test_lfs_files_come_as_pointers_without_a_download(
    tmp_path: Path, repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 12\n"
    repo.commit(
        "lfs", **{".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n", "big.bin": pointer}
    )
    smudge = tmp_path / "smudge"
    # What git-lfs does: content from afar, unless told to leave the pointer.
    smudge.write_text('#!/bin/sh\n[ "$GIT_LFS_SKIP_SMUDGE" = 1 ] || exit 1\ncat\n')
    smudge.chmod(0o755)
    repo.git("config", "filter.lfs.smudge", str(smudge))
    repo.git("config", "filter.lfs.clean", "cat")
    repo.git("config", "filter.lfs.required", "true")
    place = await worked(isolation, when)
    assert place.warnings == ("Files kept in Git LFS are pointers in this run",)
    assert repo.show(place.branch, "big.bin") == pointer.strip()


@pytest.mark.parametrize("operation", ["merge", "rebase"])
async def test_a_repository_in_the_middle_of_an_operation(
    repo: RepoBuilder, isolation: Isolation, when: datetime, operation: str
) -> None:
    repo.git("switch", "--quiet", "--create", "theirs")
    repo.commit("theirs", app_py="theirs\n")
    repo.git("switch", "--quiet", "main")
    repo.commit("ours", app_py="ours\n")
    repo.git(operation, "theirs", check=False)
    assert "<<<<<<<" in (repo.folder / "app.py").read_text()
    before = repo.fingerprint()
    place = await worked(isolation, when)
    assert place.base_commit == repo.head
    assert repo.fingerprint() == before
    assert "app.py" in place.warnings[0]


async def test_a_repository_inside_the_project_is_untracked_and_left_alone(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    nested = RepoBuilder(repo.folder / "nested")
    nested.commit("nested", n_py="1\n")
    before = nested.fingerprint()
    place = await worked(isolation, when)
    assert "nested/" in place.warnings[0]
    assert nested.fingerprint() == before


async def test_a_state_directory_inside_the_repository_does_not_show_in_its_status(
    repo: RepoBuilder, when: datetime
) -> None:
    isolation = Isolation(repo.folder, repo.folder / ".state")
    place = await isolation.open("e1", when)
    assert repo.git("status", "--porcelain") == ""
    (place.root / "REVIEW.md").write_text("fine\n")
    commit = await isolation.commit(place, "docs: review", {})
    assert commit is not None
    assert [change.path for change in commit.files] == ["REVIEW.md"]
    assert await isolation.close(place)


async def test_a_branch_whose_commit_is_missing_is_an_error_and_not_a_copy(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    head = repo.head
    (repo.git_folder / "objects" / head[:2] / head[2:]).unlink()
    with pytest.raises(GitError):
        await isolation.open("e1", when)


async def test_a_git_file_that_leads_nowhere_is_an_error(tmp_path: Path, state: Path, when: datetime) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/.git").write_text("gitdir: /nowhere/at/all\n")
    with pytest.raises(GitError) as refused:
        await Isolation(tmp_path / "broken", state).open("e1", when)
    assert "/nowhere/at/all" in refused.value.detail


async def test_a_summary_tells_branch_and_work_in_progress(tmp_path: Path, repo: RepoBuilder) -> None:
    clean = await summarise(repo.folder / "docs")
    assert (clean.branch, clean.commit, clean.clean) == ("main", repo.head, True)

    repo.write("app.py", "changed\n")
    repo.write("new.txt")
    repo.write("folder/one.txt")
    before = repo.fingerprint()
    busy = await summarise(repo.folder)
    assert (busy.changed, busy.untracked, busy.clean) == (1, 2, False)
    assert repo.fingerprint() == before

    repo.git("switch", "--quiet", "--detach")
    assert (await summarise(repo.folder)).branch is None

    bare = RepoBuilder.clone(repo, tmp_path / "bare.git", "--bare")
    assert (await summarise(bare.folder)).present

    born = RepoBuilder(tmp_path / "born")
    unborn = await summarise(born.folder)
    assert (unborn.branch, unborn.commit, unborn.present) == ("main", None, True)


async def test_a_folder_without_git_has_an_empty_summary(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    before = tree_fingerprint(tmp_path)
    summary = await summarise(tmp_path / "plain")
    assert summary == NO_REPOSITORY
    assert not summary
    assert tree_fingerprint(tmp_path) == before
