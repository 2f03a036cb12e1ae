"""The learner's record: what is noted, what is shown, and that nothing stops a lesson."""

from __future__ import annotations

from workshop import chain, lesson, record


def test_predictions_and_checks_are_noted_and_shown(settings, at):
    at("0001_create_sample_table")
    step = lesson.begin("0002")
    step.predict(tables=10, indexes=3, types=...)
    step.upgrade()
    step.compare()
    step.check()
    assert ("0002_create_catalog", "4 of 4 kept", "1 of 2 right") in record.rows()
    assert [row[0] for row in record.rows()] == [*(one.name for one in chain.steps()), *chain.LABS]


def test_what_is_repaired_is_noted_once():
    for name in ("two_heads", "two_heads", "behind"):
        record.repaired(chain.LABS[0], name)
    assert record.read()[chain.LABS[0]].repaired == ["behind", "two_heads"]


def test_a_file_that_is_no_record_counts_as_none_and_is_kept_beside():
    for text in ("", "[]", "{", '{"0001": 5}', '{"0001": {"unknown": 1}}'):
        record.path().write_text(text)
        assert record.read() == {}
    record.checked("0001_create_sample_table", "2 of 2 kept")
    assert record.read()["0001_create_sample_table"].checks == "2 of 2 kept"
    assert record.path().with_suffix(".unreadable").read_text() == '{"0001": {"unknown": 1}}'


def test_a_folder_that_cannot_be_written_to_stops_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKSHOP_RECORD", str(tmp_path / "nowhere" / "record.json"))
    record.checked("0001_create_sample_table", "2 of 2 kept")
    assert record.read() == {}


def test_forgetting_begins_anew():
    record.checked("0001_create_sample_table", "2 of 2 kept")
    record.forget()
    record.forget()
    assert record.read() == {}
