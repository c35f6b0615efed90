"""Where the embedded data lies."""

from __future__ import annotations

import pytest

from gdsi_audit.geo import _folder


def test_the_repository_has_the_tables(monkeypatch):
    monkeypatch.delenv("GDSI_GEODB", raising=False)
    assert (_folder.embedded() / "tables" / "blocs.toml").is_file()


def test_the_environment_wins_where_it_names_a_folder_of_data(tmp_path, monkeypatch):
    monkeypatch.setenv("GDSI_GEODB", str(tmp_path))
    assert _folder.embedded() != tmp_path
    (tmp_path / "tables").mkdir()
    assert _folder.embedded() == tmp_path


def test_without_any_folder_the_error_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.delenv("GDSI_GEODB", raising=False)
    monkeypatch.setattr(_folder, "__file__", str(tmp_path / "package" / "geo" / "_folder.py"))
    with pytest.raises(FileNotFoundError, match="reinstall"):
        _folder.embedded()
