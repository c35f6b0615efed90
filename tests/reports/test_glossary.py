"""Words that reports use are explained."""

from __future__ import annotations

from gdsi_audit import glossary, manual
from gdsi_audit.commitments.verdicts import WORDS
from gdsi_audit.reports import html


def test_every_verdict_is_explained_in_its_order():
    assert tuple(glossary.VERDICTS) == WORDS


def test_every_word_has_a_page_and_stands_in_the_report(made_audit):
    page = html.render(made_audit())
    for word, meaning in {**glossary.VERDICTS, **glossary.WORDS}.items():
        assert manual.page(word, 1000) == f"{word}\n\n{meaning}"
        assert f"<dt>{word}</dt>" in page
