"""Reading a file that may be anything."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from paracle.app.domain.errors import ProjectError
from paracle.app.project.source import MAX_BYTES, read_text
from tests.support.projects import brief


def refused(path: Path, *inside: Path) -> str:
    with pytest.raises(ProjectError) as caught:
        read_text(path, inside=inside)
    (line,) = brief(caught.value.problems)
    return line


def test_text_comes_without_its_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfname: caf\xc3\xa9\r\n")
    assert read_text(tmp_path / "a") == "name: café\r\n"


def test_a_byte_that_is_not_utf8_is_shown_at_its_line_and_column(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes("one\nné".encode() + b"\xff!\n")
    assert refused(tmp_path / "a") == "a:2:3 error: byte 0xff is not UTF-8 (save the file as UTF-8)"


def test_a_binary_file_is_shown_at_its_first_zero(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"PK\n\x01\x00\x02")
    assert refused(tmp_path / "a") == "a:2:2 error: it is binary, not text (put a text file here)"


def test_utf16_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes("name: x".encode("utf-16"))
    assert refused(tmp_path / "a") == "a:1:1 error: it is UTF-16, not UTF-8 (save it as UTF-8)"


def test_a_file_of_50_megabytes_is_refused_by_its_size_alone(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb") as file:
        file.truncate(50 * 1024 * 1024)
    assert "a error: it has 50 MiB; a project file may have 2.0 MiB" in refused(tmp_path / "a")


def test_a_file_of_just_the_largest_size_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * MAX_BYTES)
    assert len(read_text(tmp_path / "a")) == MAX_BYTES


def test_a_folder_a_pipe_and_nothing_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    assert "it is a folder where a file is expected" in refused(tmp_path / "folder")
    assert "it is a device, socket or pipe" in refused(tmp_path / "pipe")
    assert "there is no such file" in refused(tmp_path / "missing")


def test_a_link_may_lead_elsewhere_in_the_project_but_not_out_of_it(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("secret")
    project = tmp_path / "project"
    project.mkdir()
    (project / "real").write_text("ours")
    (project / "near").symlink_to("real")
    (project / "far").symlink_to("../outside")
    (project / "up").symlink_to("..")
    assert read_text(project / "near", inside=[project]) == "ours"
    assert f"it is a link that leads out of the project, to {tmp_path / 'outside'}" in refused(
        project / "far", project
    )
    assert "leads out of the project" in refused(project / "up" / "outside", project)


def test_a_project_reached_through_a_link_is_still_inside_itself(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a").write_text("ours")
    (tmp_path / "link").symlink_to("real")
    assert read_text(tmp_path / "link" / "a", inside=[tmp_path / "link"]) == "ours"


def test_links_in_a_circle_and_impossible_names_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert "a error: it cannot be opened" in refused(tmp_path / "a")
    with pytest.raises(ProjectError):
        read_text(tmp_path / ("n" * 5000))
    with pytest.raises(ProjectError):
        read_text(tmp_path / "a\0b", inside=[tmp_path])
